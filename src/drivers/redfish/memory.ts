// What one session learns of a BMC and hands to the next: paths, slots, action targets, identity. Plain JSON without secrets.
import { z } from "zod";
import type { Endpoint, Identity, Json } from "../../core/driver.ts";
import { mediaTypes } from "../../core/vocabulary.ts";

/** Raised whenever a field changes its meaning: what an older version saved is then ignored. */
const version = 2;
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
  /** ActionInfo of the insert action, and what it or the action itself declares; `required` is absent until it was asked for. */
  insertInfo: path.exactOptional(),
  required: z.array(z.string()).exactOptional(),
  transports: z.array(z.string()).exactOptional(),
  /** It refused a medium that another slot of the machine then took. */
  refuses: z.boolean().exactOptional(),
  certificates: path.exactOptional(),
  /** SHA-256 of the CA that was put into its Certificates. */
  trusts: z.string().exactOptional(),
});

const learnt = z.object({
  identity,
  systemPath: path,
  expand: z.enum(["all", "nolinks", "none"]),
  sessionsPath: path.exactOptional(),
  sessionOnly: z.boolean(),
  /** A PATCH must carry If-Match. */
  needsTag: z.boolean().exactOptional(),
  /** Those of the system, the one that stands for the BMC's identity first. */
  managerPaths: z.array(path),
  /** VirtualMedia collections. */
  media: z.object({ system: path.exactOptional(), managers: z.array(path) }),
  slots: z.array(slot).exactOptional(),
  /** The system's network ports, and their addresses once they were asked for. */
  ethernetInterfaces: path.exactOptional(),
  macAddresses: z.array(z.string()).exactOptional(),
  /** The parameters beside Image with which an insert was accepted. */
  insertParameters: z.array(z.string()).exactOptional(),
  /** The fingerprint of the `prepare` steps that were done. */
  prepared: z.string().exactOptional(),
  reset: z.object({ target: path, types: z.array(z.string()), actionInfo: path.exactOptional() }).exactOptional(),
  boot: z
    .object({
      /** What is patched; undefined until it is known whether the Settings object really holds Boot. */
      path: path.exactOptional(),
      /** The quirk by which it was found. */
      foundBy: text,
      /** Whether the mode can be set there; undefined where that was not looked at. */
      holdsMode: z.boolean().exactOptional(),
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
