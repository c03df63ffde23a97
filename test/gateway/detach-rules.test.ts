// When an attachment is detached by itself: what counts as read, as a second start, as time.
import { describe, expect, test } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import type { AttachmentRecord, DetachRule, FileReads, ReadSummary } from "../../src/core/records.ts";
import { checkDetachRule, judgeReads, judgeTimer } from "../../src/gateway/watching/rules.ts";

const minuteMs = 60_000;
const sizeBytes = 4096;

const attachmentWith = (detachOn: DetachRule, more: Partial<AttachmentRecord> = {}): AttachmentRecord =>
  ({
    id: "a1",
    state: "attached",
    sizeBytes,
    detachOn,
    attachedAt: 0,
    updatedAt: 0,
    warnings: [],
    ...more,
  }) as AttachmentRecord;

const read = (path: string, readBytes = 10): FileReads => ({ path, sizeBytes: 10, readBytes });

const readsOf = (files: readonly FileReads[] | undefined, more: Partial<ReadSummary> = {}): ReadSummary => ({
  requests: 3,
  bytesSent: 300,
  coveredBytes: 300,
  coverage: [],
  remotes: [],
  firstReadAt: 0,
  lastReadAt: 0,
  pattern: "pieces",
  ...(files === undefined ? {} : { files }),
  ...more,
});

const judge = (files: readonly FileReads[] | undefined, more: Partial<ReadSummary> = {}, now = minuteMs): string =>
  judgeReads(attachmentWith({ at: "read" }), readsOf(files, more), now);

describe("a config drive was read", () => {
  const latest = [read("openstack/latest/meta_data.json"), read("openstack/latest/user_data")];

  test("when all files of a version were, and nothing since for half a minute", () => {
    expect(judge([...latest, read("openstack/content/0000", 0)])).toBe("due");
    expect(judge(latest, {}, 29_999)).toBe("wait");
    expect(judge(latest, {}, 30_000)).toBe("due");
    expect(judgeReads(attachmentWith({ at: "read", afterMs: 5 }), readsOf(latest), 5)).toBe("due");
  });

  test("not while one file of it is missing, or a part of one", () => {
    expect(judge([read("openstack/latest/meta_data.json"), read("openstack/latest/user_data", 9)])).toBe("wait");
    expect(judge([read("openstack/latest/meta_data.json", 0), read("openstack/latest/user_data")])).toBe("wait");
  });

  test("when any version was: cloud-init reads the newest that it knows, which need not be `latest`", () => {
    const unread = latest.map(({ path }) => read(path, 0));
    expect(judge([...unread, read("openstack/2018-08-27/meta_data.json")])).toBe("due");
    expect(judge([...unread, read("ec2/latest/meta-data.json")])).toBe("wait");
  });

  test("when the files of NoCloud's root were, whatever else is there", () => {
    expect(judge([read("meta-data"), read("user-data"), read("extra/large.bin", 0)])).toBe("due");
    expect(judge([read("meta-data"), read("user-data", 0)])).toBe("wait");
  });

  test("when all of it was, where its files are not known or are no config drive's", () => {
    expect(judge(undefined, { coveredBytes: sizeBytes })).toBe("due");
    expect(judge([], { coveredBytes: sizeBytes })).toBe("due");
    expect(judge(undefined, { coveredBytes: sizeBytes - 1 })).toBe("wait");
    expect(judge([], { coveredBytes: sizeBytes - 1 })).toBe("wait");
    expect(judge([read("a"), read("b", 0)])).toBe("wait");
    expect(judge([read("a"), read("b")])).toBe("due");
  });

  test("by a list that is cut, where it was not cut within what is needed; else by all of its bytes", () => {
    const cut = { filesLeftOut: 1 };
    expect(judge([...latest, read("pool/f0", 0)], cut)).toBe("due");
    expect(judge([read("meta-data"), read("user-data"), read("pool/f0", 0)], cut)).toBe("due");
    for (const files of [latest, [read("meta-data"), read("user-data")], [read("pool/f0"), read("pool/f1")]]) {
      expect(judge(files, cut)).toBe("wait");
      expect(judge(files, { ...cut, coveredBytes: sizeBytes })).toBe("due");
    }
  });

  test("counts an empty file as read", () => {
    expect(judge([...latest, { path: "openstack/latest/vendor_data.json", sizeBytes: 0, readBytes: 0 }])).toBe("due");
  });

  test("cannot be told of a BMC that copies the whole image", () => {
    expect(judge(latest, { pattern: "download" }, 60 * minuteMs)).toBe("untold");
    expect(judge(latest, { pattern: "download" }, 29_999)).toBe("wait");
  });

  test("is not before anybody read anything", () => {
    const { lastReadAt: _last, ...none } = readsOf(latest);
    expect(judgeReads(attachmentWith({ at: "read" }), none, minuteMs)).toBe("wait");
    expect(judge(latest, { pattern: "none" })).toBe("wait");
  });
});

test("a timer counts from when the BMC had confirmed the medium", () => {
  const attachment = attachmentWith({ at: "timer", afterMs: 1000 }, { attachedAt: 500 });
  expect([1499, 1500].map((now) => judgeTimer(attachment, now))).toEqual(["wait", "due"]);
});

const isRefused = (check: () => void): boolean => {
  try {
    check();
    return false;
  } catch (error) {
    return error instanceof MediabayError && error.code === "INVALID_REQUEST";
  }
};

test.each<[DetachRule | undefined, boolean]>([
  [undefined, true],
  [{ at: "never" }, true],
  [{ at: "boot" }, true],
  [{ at: "read" }, true],
  [{ at: "read", afterMs: 1 }, true],
  [{ at: "timer", afterMs: 1 }, true],
  [{ at: "timer" }, false],
  [{ at: "boot", afterMs: 1 }, false],
  [{ at: "never", afterMs: 1 }, false],
])("the rule %j is taken: %s", (rule, taken) => {
  const check = (): void => checkDetachRule(rule);
  expect(isRefused(check)).toBe(!taken);
});
