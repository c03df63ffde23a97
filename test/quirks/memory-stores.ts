// The gateway's stores in memory, for stories that need no durability.
import type { Credentials, Json } from "../../src/core/driver.ts";
import { MediabayError } from "../../src/core/errors.ts";
import type { AttachmentStore, AuditLog, Images, MachineStore } from "../../src/core/ports.ts";
import type { AttachmentRecord, AuditRecord, ImageRecord, MachineRecord } from "../../src/core/records.ts";

const unused = (): never => {
  throw new Error("no story needs this");
};

/** One machine. */
export const memoryMachine = (
  machine: MachineRecord,
  credentials: Credentials,
): Pick<MachineStore, "get" | "endpoint" | "memory" | "remember" | "openSession" | "saveOpenSession"> => {
  let remembered: { memory: Json; savedAt: number } | undefined;
  let session: Json | undefined;
  return {
    get: async () => machine,
    endpoint: async (_id, index) => {
      const record = machine.endpoints[index];
      if (record === undefined) throw new Error(`no endpoint ${index}`);
      const { protocol, address, tls, system } = record;
      return { protocol, address, tls, credentials, ...(system === undefined ? {} : { system }) };
    },
    memory: async () => remembered,
    remember: async (_id, memory) => {
      remembered = memory === undefined ? undefined : { memory, savedAt: 0 };
    },
    openSession: async () => session,
    saveOpenSession: async (_id, next) => {
      session = next;
    },
  };
};

export interface MemoryAttachments extends AttachmentStore {
  add(attachment: AttachmentRecord): void;
}

export const memoryAttachments = (): MemoryAttachments => {
  const records = new Map<string, AttachmentRecord>();
  const find = (id: string): AttachmentRecord => {
    const record = records.get(id);
    if (record === undefined) throw new MediabayError("NOT_FOUND", `no attachment ${id}`);
    return record;
  };
  return {
    add: (attachment) => void records.set(attachment.id, attachment),
    get: async (id) => find(id),
    list: async (_page, filter) => ({
      items: [...records.values()].filter(({ state }) => filter?.states?.includes(state) ?? true),
    }),
    update: async (id, change) => {
      const entries = Object.entries({ ...find(id), ...change }).filter(([, value]) => value !== undefined);
      const record = Object.fromEntries(entries) as unknown as AttachmentRecord;
      records.set(id, record);
      return record;
    },
  };
};

/** An entry, and how many requests the BMC had had by then. */
export type MarkedEntry = AuditRecord & { readonly requestsBefore: number };

export const memoryAudit = (requests: () => number): AuditLog & { readonly entries: readonly MarkedEntry[] } => {
  const entries: MarkedEntry[] = [];
  return {
    entries,
    append: async (entry) => void entries.push({ ...entry, seq: entries.length + 1, requestsBefore: requests() }),
    list: async () => ({ items: entries }),
  };
};

/** Images that are in the store already, by digest. */
export const memoryImages = (images: ReadonlyMap<string, ImageRecord>): Images => ({
  ensure: async ({ source }) => {
    const image = source.kind === "image" ? images.get(source.digest) : undefined;
    if (image === undefined) throw new MediabayError("IMAGE_NOT_FOUND", "no such image");
    return image;
  },
  release: async () => undefined,
  // Nothing is known of their files: they go in as they are.
  look: async () => undefined,
  repack: unused,
  check: unused,
  get: unused,
  list: unused,
  remove: unused,
  sweep: unused,
});
