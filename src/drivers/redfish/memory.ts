// What one session learns of a BMC and hands to the next: paths, slots, action targets, identity. Plain JSON without secrets.
import { z } from "zod";
import type { Endpoint, Identity, Json } from "../../core/driver.ts";
import { mediaTypes } from "../../core/vocabulary.ts";
import { insertParameters } from "./quirks.ts";

/** Raised whenever a field changes its meaning: what an older version saved is then ignored. */
const version = 1;
const maxAgeMs = 24 * 60 * 60 * 1000;

const path = z.string().startsWith("/");
const text = z.string().exactOptional();

const identity = z.object({
  protocol: z.literal("redfish"),
  vendor: text,
  product: text,
  protocolVersion: text,
  oem: z.array(z.string()),
  managerModel: text,
  firmwareVersion: text,
  systemManufacturer: text,
  systemModel: text,
  systemId: text,
  uuid: text,
  serialNumber: text,
});

const slot = z.object({
  id: z.string().min(1),
  path,
  mediaTypes: z.array(z.enum(mediaTypes)),
  /** The action's target as last advertised: some services list it only while the slot is empty. */
  insertTarget: path.exactOptional(),
  /** Some list it only while the slot is full. */
  ejectTarget: path.exactOptional(),
  /** `Allow` permitted PATCH; undefined when that was never asked. */
  patch: z.boolean().exactOptional(),
});

const learnt = z.object({
  identity,
  systemPath: path,
  expand: z.enum(["all", "nolinks", "none"]),
  sessionsPath: path.exactOptional(),
  sessionOnly: z.boolean(),
  /** VirtualMedia collections. */
  media: z.object({ system: path.exactOptional(), managers: z.array(path) }),
  slots: z.array(slot).exactOptional(),
  /** The parameters beside Image with which an insert was accepted. */
  insertParameters: z.array(z.enum(insertParameters)).exactOptional(),
  reset: z.object({ target: path, types: z.array(z.string()), actionInfo: path.exactOptional() }).exactOptional(),
  boot: z
    .object({
      /** What is patched; undefined until it is known whether the Settings object really holds Boot. */
      path: path.exactOptional(),
      settings: path.exactOptional(),
      targets: z.array(z.string()),
    })
    .exactOptional(),
});

const memory = z.object({
  version: z.literal(version),
  savedAt: z.number(),
  address: z.string(),
  system: text,
  learnt,
});

export type Learnt = Readonly<Omit<z.output<typeof learnt>, "identity"> & { identity: Identity }>;
export type LearntSlot = Readonly<z.output<typeof slot>>;

export interface Remembered {
  readonly learnt: Learnt;
  /** Epoch milliseconds. */
  readonly savedAt: number;
}

/** Undefined when there is none, it is of another address or system, too old, or of another format. */
export const recall = (saved: Json | undefined, endpoint: Endpoint, now: number): Remembered | undefined => {
  const parsed = memory.safeParse(saved);
  if (!parsed.success) return undefined;
  const { savedAt, address, system, learnt } = parsed.data;
  const fits = address === endpoint.address && system === endpoint.system;
  return fits && savedAt <= now && now - savedAt < maxAgeMs ? { learnt, savedAt } : undefined;
};

/** `savedAt` is when it was learnt from the BMC: using it does not make it younger. */
export const toMemory = ({ learnt, savedAt }: Remembered, endpoint: Endpoint): Json => {
  const saved = { version, savedAt, address: endpoint.address, system: endpoint.system, learnt };
  return JSON.parse(JSON.stringify(saved)) as Json;
};

type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** A copy without the properties that are undefined. */
export const present = <T extends object>(record: T): Present<T> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Present<T>;
