// The keys of image files without a database: what `ImageKeys` promises, kept in a map.
import type { ImageKeys } from "../../src/core/ports.ts";

export interface MemoryImageKeys extends ImageKeys {
  /** Each call of `destroy`, in order. */
  readonly destroyed: readonly (readonly string[])[];
}

export const createMemoryImageKeys = (): MemoryImageKeys => {
  const keys = new Map<string, Buffer>();
  const destroyed: (readonly string[])[] = [];
  return {
    destroyed,
    put: async (id, key) => void keys.set(id, Buffer.from(key)),
    get: async (id) => {
      const key = keys.get(id);
      return key && Buffer.from(key);
    },
    destroy: async (ids) => {
      destroyed.push(ids);
      for (const id of ids) keys.delete(id);
    },
    scrubbed: () => Promise.resolve(),
    ids: async () => [...keys.keys()].toSorted(),
  };
};
