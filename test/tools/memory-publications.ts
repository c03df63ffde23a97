// A publication catalog that lives in memory: for tests of the image plane without a database.
import type { PublicationCatalog, PublicationRecord, ReadRecord } from "../../src/core/ports.ts";

export interface MemoryPublicationCatalog extends PublicationCatalog {
  /** Every call, in order: `put`, `end`, `reopen`, `withdraw`, `addReads`. */
  readonly calls: readonly string[];
  /** The next writes fail with this until it is undefined again. */
  failWith: Error | undefined;
}

/** Keeps what a real one would keep. Hand the same object to a second image plane to play a restart. */
export const createMemoryPublications = (): MemoryPublicationCatalog => {
  const live = new Map<string, PublicationRecord>();
  const reads = new Map<string, ReadRecord[]>();
  const calls: string[] = [];
  const write = async (name: string, work: () => void): Promise<void> => {
    await Promise.resolve();
    if (catalog.failWith) throw catalog.failWith;
    calls.push(name);
    work();
  };
  const catalog: MemoryPublicationCatalog = {
    calls,
    failWith: undefined,
    put: (publication) =>
      write("put", () => {
        live.set(publication.attachmentId, publication);
        reads.delete(publication.attachmentId);
      }),
    live: () => Promise.resolve([...live.values()]),
    end: (attachmentId, at) =>
      write("end", () => {
        const publication = live.get(attachmentId);
        if (publication) live.set(attachmentId, { endedAt: at, ...publication });
      }),
    reopen: (attachmentId) =>
      write("reopen", () => {
        const { endedAt: _, ...publication } = live.get(attachmentId) ?? {};
        if (live.has(attachmentId)) live.set(attachmentId, publication as PublicationRecord);
      }),
    withdraw: (attachmentId) => write("withdraw", () => live.delete(attachmentId)),
    addReads: (attachmentId, added) =>
      write("addReads", () => reads.set(attachmentId, [...(reads.get(attachmentId) ?? []), ...added])),
    reads: (attachmentId) => Promise.resolve(reads.get(attachmentId) ?? []),
  };
  return catalog;
};
