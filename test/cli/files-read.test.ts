// What the command line says of the files that a BMC read: in one line, and no more than is known.
import { describe, expect, test } from "vitest";
import { attachmentText } from "../../src/cli/commands/attachment-text.ts";
import { filesReadText } from "../../src/cli/commands/files-read-text.ts";
import type { AttachmentJson } from "../../src/cli/views.ts";
import { attached } from "./samples.ts";

type Reads = NonNullable<AttachmentJson["reads"]>;
type File = NonNullable<Reads["files"]>[number];

const completeAt = new Date(2026, 0, 1, 14, 3, 22).toISOString();
const readFile = (path: string): File => ({ path, sizeBytes: 9, readBytes: 9, firstReadAt: completeAt, completeAt });
const unread = (path: string, readBytes = 0): File => ({ path, sizeBytes: 9, readBytes });
const textOf = (reads: Partial<Reads>): string | undefined =>
  filesReadText({ ...attached, reads: { ...attached.reads, ...reads } } as unknown as AttachmentJson);

describe("the files of an attachment", () => {
  test("are those of the newest metadata version, with times, and the others as a number", () => {
    const files = [
      readFile("openstack/latest/user_data"),
      unread("openstack/latest/network_data.json"),
      unread("openstack/latest/meta_data.json", 4),
      { path: "openstack/latest/empty", sizeBytes: 0, readBytes: 0 },
      unread("openstack/2012-08-10/user_data"),
      readFile("openstack/2012-08-10/meta_data.json"),
    ];
    expect(textOf({ pattern: "pieces", files })).toBe(
      "user_data 14:03:22, meta_data.json 4 of 9 bytes; not read: network_data.json (and 1 of 2 others)",
    );
  });

  test("are those of the version that was read, be it not the newest", () => {
    const all = ["2012-08-10", "2018-08-27", "latest"].flatMap((version) =>
      ["meta_data.json", "user_data"].map((name) => `openstack/${version}/${name}`),
    );
    const textFor = (version: string): string | undefined =>
      textOf({
        pattern: "pieces",
        files: all.map((path) => (path.includes(version) ? readFile(path) : unread(path, 8))),
      });
    for (const version of ["2012-08-10", "2018-08-27", "latest"])
      expect(textFor(version)).toBe("meta_data.json 14:03:22, user_data 14:03:22 (and 0 of 4 others)");
    const unknown = [unread("openstack/latest/a", 1), readFile("openstack/2030-01-01/b")];
    expect(textOf({ pattern: "pieces", files: unknown })).toBe("b 14:03:22 (and 0 of 1 others)");
    const both = [readFile("openstack/latest/a"), readFile("openstack/2012-08-10/b")];
    expect(textOf({ pattern: "pieces", files: both })).toBe("b 14:03:22 (and 1 of 1 others)");
  });

  test("of another image are all of them, the first eight by name", () => {
    const files = Array.from({ length: 10 }, (_, index) => unread(`f${index}`));
    expect(textOf({ pattern: "pieces", files })).toBe("not read: f0, f1, f2, f3, f4, f5, f6, f7 and 2 more");
    expect(textOf({ pattern: "pieces", files: [readFile("a"), readFile("b")] })).toBe("a 14:03:22, b 14:03:22");
  });

  test("are not all of them where the gateway lists but the first", () => {
    expect(textOf({ pattern: "pieces", files: [readFile("a")], filesLeftOut: 7 })).toBe(
      "a 14:03:22 (7 more are not listed)",
    );
    const files = [readFile("openstack/latest/a"), readFile("b")];
    expect(textOf({ pattern: "pieces", files, filesLeftOut: 7 })).toBe(
      "a 14:03:22 (and 1 of 1 others; 7 more are not listed)",
    );
  });

  test("are not said to be read by others than the BMC, who have a line of their own", () => {
    const strangers = { requests: 3, bytesSent: 9, remotes: ["192.0.2.66"] };
    const reads = { ...attached.reads, pattern: "none", strangers };
    const text = attachmentText({ ...attached, reads } as unknown as AttachmentJson);
    expect(text).toMatch(/^others +3 requests from 192\.0\.2\.66, not the BMC; they got 9 B$/m);
    const refused = { ...reads, strangers: { ...strangers, bytesSent: 0 } };
    expect(attachmentText({ ...attached, reads: refused } as unknown as AttachmentJson)).toMatch(
      /; they got nothing$/m,
    );
    expect(text).not.toMatch(/^files/m);
  });

  test("are not claimed to be read where the BMC downloads", () => {
    const text = textOf({ pattern: "download", files: [readFile("openstack/latest/user_data")] });
    expect(text).toContain("cannot be told");
    expect(text).not.toContain("user_data");
  });

  test("are left out before the first read, without known files, and of an older gateway", () => {
    expect(textOf({ pattern: "none", files: [unread("f")] })).toBeUndefined();
    expect(textOf({ pattern: "pieces" })).toBeUndefined();
    expect(textOf({})).toBeUndefined();
  });
});
