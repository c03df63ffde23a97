// The image catalog without a database: what `ImageCatalog` promises, kept in maps.
import type { ImageCatalog } from "../../src/core/ports.ts";
import type { ImageRecord } from "../../src/core/records.ts";

type Row = Omit<ImageRecord, "references" | "published">;

/** @param published how many live publications an image has */
export const createMemoryImageCatalog = (published: (digest: string) => number = () => 0): ImageCatalog => {
  const rows = new Map<string, Row>();
  const holds = new Map<string, Set<string>>();

  const toRecord = (row: Row): ImageRecord => ({
    ...row,
    references: holds.get(row.digest)?.size ?? 0,
    published: published(row.digest),
  });

  return {
    put: async (image) => {
      const known = rows.get(image.digest);
      rows.set(image.digest, known === undefined ? { ...image } : { ...known, lastUsedAt: image.lastUsedAt });
    },
    get: async (digest) => {
      const row = rows.get(digest);
      return row && toRecord(row);
    },
    list: async ({ limit, after }) => {
      const digests = [...rows.keys()].toSorted().filter((digest) => after === undefined || digest > after);
      const items = digests.slice(0, limit).flatMap((digest) => rows.get(digest) ?? []);
      const next = digests.length > limit ? items.at(-1)?.digest : undefined;
      return { items: items.map(toRecord), ...(next !== undefined && { next }) };
    },
    remove: async (digest) => {
      rows.delete(digest);
      holds.delete(digest);
    },
    hold: async (digest, holder) => {
      holds.set(digest, (holds.get(digest) ?? new Set()).add(holder));
    },
    release: async (holder) => {
      const freed: string[] = [];
      for (const [digest, holders] of holds) if (holders.delete(holder) && holders.size === 0) freed.push(digest);
      return freed;
    },
    holders: async (digest) => [...(holds.get(digest) ?? [])].toSorted(),
    allHolders: async () => [...new Set([...holds.values()].flatMap((holders) => [...holders]))].toSorted(),
    evictable: async () =>
      [...rows.values()]
        .map(toRecord)
        .filter(({ references, published: count }) => references === 0 && count === 0)
        .toSorted((one, other) => one.lastUsedAt - other.lastUsedAt || one.digest.localeCompare(other.digest)),
    touch: async (digest, at) => {
      const row = rows.get(digest);
      if (row !== undefined) rows.set(digest, { ...row, lastUsedAt: Math.max(row.lastUsedAt, at) });
    },
  };
};
