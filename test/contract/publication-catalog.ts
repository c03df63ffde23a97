// The promises that every PublicationCatalog keeps, whatever it is made of. Call with a way to make an empty one.
import { describe, expect, it } from "vitest";
import type { PublicationCatalog, PublicationRecord, ReadRecord } from "../../src/core/ports.ts";

export interface CatalogUnderTest {
  readonly catalog: PublicationCatalog;
  /** The same content through a new object, as after a restart. */
  readonly reopen: () => Promise<PublicationCatalog>;
  readonly close: () => Promise<void>;
}

const publication = (attachmentId: string, token = "a".repeat(26)): PublicationRecord => ({
  token,
  fileName: "media.iso",
  digest: "d".repeat(64),
  attachmentId,
  machineId: "machine-1",
  url: `http://192.0.2.1:8481/m/${token}/media.iso`,
  bmcAddresses: ["192.0.2.7", "2001:db8::7"],
  createdAt: 1_750_000_000_000,
});

const read = (from: number, to: number, method: ReadRecord["method"] = "GET"): ReadRecord => ({
  remote: "192.0.2.7",
  method,
  from,
  to,
  requests: 3,
  firstAt: 1_750_000_001_000,
  lastAt: 1_750_000_002_000,
});

/** `attachments` that the catalog knows, where its implementation insists on them, are `attachment-1` and `attachment-2`. */
export const publicationCatalogContract = (name: string, make: () => Promise<CatalogUnderTest>): void => {
  const withCatalog = async (work: (under: CatalogUnderTest) => Promise<void>): Promise<void> => {
    const under = await make();
    try {
      await work(under);
    } finally {
      await under.close();
    }
  };

  describe(`publication catalog: ${name}`, () => {
    it("answers a put publication among the live ones, whole, also after a restart", () =>
      withCatalog(async ({ catalog, reopen }) => {
        await catalog.put(publication("attachment-1"));
        expect(await catalog.live()).toEqual([publication("attachment-1")]);
        expect(await (await reopen()).live()).toEqual([publication("attachment-1")]);
      }));

    it("keeps apart the publications of different attachments", () =>
      withCatalog(async ({ catalog }) => {
        await catalog.put(publication("attachment-1", "b".repeat(26)));
        await catalog.put(publication("attachment-2", "c".repeat(26)));
        const attachments = (await catalog.live()).map(({ attachmentId }) => attachmentId);
        expect(attachments.toSorted()).toEqual(["attachment-1", "attachment-2"]);
      }));

    it("forgets a withdrawn publication but keeps its reads", () =>
      withCatalog(async ({ catalog, reopen }) => {
        await catalog.put(publication("attachment-1"));
        await catalog.addReads("attachment-1", [read(0, 2048)]);
        await catalog.withdraw("attachment-1", 1_750_000_003_000);
        const reopened = await reopen();
        expect(await reopened.live()).toEqual([]);
        expect(await reopened.reads("attachment-1")).toEqual([read(0, 2048)]);
      }));

    it("withdraws twice, and withdraws what never was, without complaint", () =>
      withCatalog(async ({ catalog }) => {
        await catalog.put(publication("attachment-1"));
        await catalog.withdraw("attachment-1", 1);
        await catalog.withdraw("attachment-1", 2);
        await catalog.withdraw("attachment-2", 3);
        expect(await catalog.live()).toEqual([]);
      }));

    it("publishes an attachment again after a withdrawal, under another token", () =>
      withCatalog(async ({ catalog }) => {
        await catalog.put(publication("attachment-1", "b".repeat(26)));
        await catalog.withdraw("attachment-1", 1);
        await catalog.put(publication("attachment-1", "c".repeat(26)));
        expect((await catalog.live()).map(({ token }) => token)).toEqual(["c".repeat(26)]);
      }));

    it("keeps the terms, and when they ended, also after a restart; a second end changes nothing", () =>
      withCatalog(async ({ catalog, reopen }) => {
        const terms = { expiresAt: 1_750_000_100_000, fullReads: 1, onlyBmc: true };
        await catalog.put({ ...publication("attachment-1"), terms });
        expect(await catalog.live()).toEqual([{ ...publication("attachment-1"), terms }]);
        await catalog.end("attachment-1", 1_750_000_050_000);
        await catalog.end("attachment-1", 1_750_000_060_000);
        const ended = { ...publication("attachment-1"), terms, endedAt: 1_750_000_050_000 };
        expect(await catalog.live()).toEqual([ended]);
        expect(await (await reopen()).live()).toEqual([ended]);
      }));

    it("takes an end back, of what is not withdrawn", () =>
      withCatalog(async ({ catalog, reopen }) => {
        await catalog.put(publication("attachment-1"));
        await catalog.end("attachment-1", 1);
        await catalog.reopen("attachment-1");
        await catalog.reopen("attachment-2");
        const reopened = await reopen();
        expect(await reopened.live()).toEqual([publication("attachment-1")]);
        await reopened.withdraw("attachment-1", 2);
        await reopened.reopen("attachment-1");
        expect(await reopened.live()).toEqual([]);
      }));

    it("ends what never was, or was withdrawn, without complaint", () =>
      withCatalog(async ({ catalog }) => {
        await catalog.put(publication("attachment-1"));
        await catalog.withdraw("attachment-1", 1);
        await catalog.end("attachment-1", 2);
        await catalog.end("attachment-2", 3);
        expect(await catalog.live()).toEqual([]);
      }));

    it("answers the reads of the newest publication of an attachment only", () =>
      withCatalog(async ({ catalog, reopen }) => {
        await catalog.put(publication("attachment-1", "b".repeat(26)));
        await catalog.addReads("attachment-1", [read(0, 2048)]);
        await catalog.withdraw("attachment-1", 1);
        await catalog.put(publication("attachment-1", "c".repeat(26)));
        await catalog.addReads("attachment-1", [read(4096, 6144)]);
        expect(await (await reopen()).reads("attachment-1")).toEqual([read(4096, 6144)]);
      }));

    it("keeps what a read tells of its order and of full reads before it", () =>
      withCatalog(async ({ catalog }) => {
        const told: ReadRecord = { ...read(0, 2048), fullReads: 2, ahead: true, wide: true, stranger: true, phase: 3 };
        await catalog.put(publication("attachment-1"));
        await catalog.addReads("attachment-1", [told, read(0, 1)]);
        expect(await catalog.reads("attachment-1")).toEqual([told, read(0, 1)]);
      }));

    it("adds reads to those that are there, in order, each as it was given", () =>
      withCatalog(async ({ catalog }) => {
        await catalog.put(publication("attachment-1"));
        await catalog.addReads("attachment-1", [read(0, 0, "HEAD"), read(0, 2048)]);
        await catalog.addReads("attachment-1", [read(2048, 5_000_000_000)]);
        expect(await catalog.reads("attachment-1")).toEqual([
          read(0, 0, "HEAD"),
          read(0, 2048),
          read(2048, 5_000_000_000),
        ]);
        expect(await catalog.reads("attachment-2")).toEqual([]);
      }));
  });
};
