// What a BMC read, and that its URL has ended, is on record: audit, events, warnings. In a real store.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Json } from "../../src/core/driver.ts";
import type { FileReads, OperationEvent } from "../../src/core/records.ts";
import { createReading, type Reading } from "../../src/service/reading.ts";
import { silentLog } from "../tools/image-plane.ts";
import { sampleAttachment, sampleMachine, sampleOperation } from "../tools/store-samples.ts";
import { openTempStore, type TempStore } from "../tools/temp-store.ts";

const id = "a-1";
const published = { attachmentId: id, digest: "e".repeat(64) };
const completeAt = Date.UTC(2026, 0, 1, 14, 3, 22);
const file = (path: string): FileReads => ({ path, sizeBytes: 9, readBytes: 9, firstReadAt: completeAt, completeAt });

let temp: TempStore;
let reading: Reading;
let warnings: string[];

beforeEach(async () => {
  temp = await openTempStore();
  warnings = [];
  const { attachments, audit, journal, machines } = temp.store;
  await machines.create(sampleMachine("m1"), []);
  await journal.accept(
    sampleOperation("op-a-1", { attachmentId: id }),
    sampleAttachment(id, { digest: "d".repeat(64) }),
  );
  const log = { ...silentLog, warn: (_fields: object, message: string) => void warnings.push(message) };
  reading = createReading({ attachments, audit, journal, clock: temp.clock, log });
});

afterEach(() => temp.close());

const audited = async (): Promise<readonly [string, string, Json][]> => {
  await reading.settled();
  const { items } = await temp.store.audit.list({ limit: 1000 }, { attachmentId: id });
  return items.toReversed().map(({ actor, action, detail }) => [actor, action, detail]);
};
const told = async (type: OperationEvent["type"]): Promise<readonly Json[]> => {
  await reading.settled();
  return (await temp.store.journal.events(0, "op-a-1")).filter((event) => event.type === type).map(({ data }) => data);
};

describe("the record", () => {
  it("has the first read, each file that a host read with its time, and that all were read", async () => {
    reading.onRead(published, true);
    reading.onRead(published, false);
    reading.onNews(published, { pattern: "pieces", files: [file("openstack/latest/user_data")], whole: false });
    reading.onNews(published, { pattern: "pieces", files: [file("openstack/latest/meta_data.json")], whole: true });
    expect(await audited()).toEqual([
      ["bmc", "image.first-read", {}],
      ["bmc", "image.file-read", { file: "openstack/latest/user_data", sizeBytes: 9 }],
      ["bmc", "image.file-read", { file: "openstack/latest/meta_data.json", sizeBytes: 9 }],
      ["bmc", "image.read", { pattern: "pieces" }],
    ]);
    const { items } = await temp.store.audit.list({ limit: 10 }, { attachmentId: id });
    expect(items.find(({ action }) => action === "image.file-read")?.at).toBe(completeAt);
    expect(await told("progress")).toMatchObject([
      { file: "openstack/latest/user_data", text: "the BMC has read openstack/latest/user_data" },
      { file: "openstack/latest/meta_data.json" },
      { read: "all", pattern: "pieces" },
    ]);
  });

  it("has no line for each of very many files", async () => {
    const files = Array.from({ length: 65 }, (_, index) => file(`f${index}`));
    reading.onNews(published, { pattern: "pieces", files, whole: false });
    expect(await audited()).toEqual([]);
    reading.onNews(published, { pattern: "pieces", files: files.slice(1), whole: true });
    expect(await audited()).toHaveLength(65);
  });

  it("names a stranger who read, and never as the BMC", async () => {
    reading.onStrangerRead(published, "192.0.2.66");
    expect(await audited()).toEqual([["stranger", "image.stranger-read", { remote: "192.0.2.66" }]]);
  });

  it("names a stranger who was refused", async () => {
    reading.onStrangerRefused(published, "192.0.2.66");
    expect(await audited()).toEqual([["stranger", "image.stranger-refused", { remote: "192.0.2.66" }]]);
  });

  it("says of a download only that the BMC has the image", async () => {
    reading.onNews(published, { pattern: "download", files: [], whole: true });
    expect(await audited()).toEqual([["bmc", "image.read", { pattern: "download" }]]);
    expect(await told("progress")).toMatchObject([{ text: "the BMC has the whole image" }]);
  });

  it.each([
    ["expired", "time limit"],
    ["read", "as its terms allow"],
  ] as const)("has the end of a publication that is %s, as a warning, too, and only once", async (why, words) => {
    reading.onEnded(published, why);
    reading.onEnded(published, why);
    expect(await audited()).toEqual([["mediabay", "publication.ended", { why }]]);
    expect((await temp.store.attachments.get(id)).warnings).toEqual([expect.stringContaining(words)]);
    expect(await told("warning")).toMatchObject([{ text: expect.stringContaining(words) }]);
  });

  it("is of the image that was read, whichever one the attachment has", async () => {
    reading.onRead(published, true);
    reading.onStrangerRead(published, "192.0.2.66");
    reading.onNews(published, { pattern: "pieces", files: [file("openstack/latest/user_data")], whole: true });
    reading.onEnded(published, "read");
    await reading.settled();
    const { items } = await temp.store.audit.list({ limit: 10 }, { attachmentId: id });
    expect(items.map(({ digest }) => digest)).toEqual(Array.from({ length: 5 }, () => published.digest));
    expect((await temp.store.attachments.get(id)).digest).toBe("d".repeat(64));
  });

  it("of an attachment that is gone is a line in the log, and the rest goes on", async () => {
    reading.onRead({ ...published, attachmentId: "a-2" }, true);
    reading.onRead(published, true);
    expect(await audited()).toHaveLength(1);
    expect(warnings).toEqual(["what a BMC read was not put on record"]);
  });
});
