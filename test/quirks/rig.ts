// One simulated BMC behind the gateway's own use cases, with the real driver, real profiles and a real image plane. Time is the
// rig's: a wait of the driver is over at once, and is time that passes for the BMC too.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Json } from "../../src/core/driver.ts";
import { MediabayError } from "../../src/core/errors.ts";
import type { MachineStore, OperationContext, Profiles } from "../../src/core/ports.ts";
import type { AttachmentRecord, ImageRecord, MachineRecord, OperationRecord } from "../../src/core/records.ts";
import type { AttachmentRole, Destructive, ImageFormat, OperationKind, ResetType } from "../../src/core/vocabulary.ts";
import { createProtocols } from "../../src/drivers/registry.ts";
import type { AttachInput } from "../../src/gateway/attach-work.ts";
import type { BootWish } from "../../src/gateway/boot.ts";
import type { GatewayDeps } from "../../src/gateway/deps.ts";
import { createUseCases } from "../../src/gateway/gateway.ts";
import { createRecheck } from "../../src/gateway/recheck.ts";
import {
  type PersonalityOverrides,
  type RedfishSimulator,
  startRedfishSimulator,
} from "../../src/simulators/redfish/index.ts";
import { createHttpPool, type HttpPool } from "../../src/wire/pool.ts";
import { createHastyClock, type HastyClock } from "../tools/hasty-clock.ts";
import { createTestImages, silentLog, startTestPlane, type TestImages, type TestPlane } from "../tools/image-plane.ts";
import { makeCertificate } from "../tools/certificate.ts";
import { type MarkedEntry, memoryAttachments, memoryAudit, memoryImages, memoryMachine } from "./memory-stores.ts";
import { runAsOperation } from "./operation.ts";

const sample = (name: string): Promise<Buffer> =>
  readFile(fileURLToPath(new URL(`../../fixtures/configdrive/${name}`, import.meta.url)));

/** What all rigs of one test file share: the images, their certificate, and the image plane's folder. */
export interface Stage {
  readonly images: TestImages;
  readonly records: Readonly<Record<ImageFormat, ImageRecord>>;
  readonly certificate: { readonly cert: string; readonly key: string };
}

export const setStage = async (): Promise<Stage> => {
  const images = await createTestImages();
  const add = async (format: ImageFormat, name: string): Promise<ImageRecord> => {
    const bytes = await sample(name);
    const digest = await images.add(bytes);
    const times = { createdAt: 0, lastUsedAt: 0, references: 0, published: 0 };
    return { digest, sizeBytes: bytes.byteLength, format, ...times };
  };
  const records = { iso9660: await add("iso9660", "config-2.iso"), fat: await add("fat", "config-2.vfat") };
  return { images, records, certificate: await makeCertificate(["127.0.0.1"]) };
};

/** What is given where the machine stands. */
export interface Site {
  /** The image plane speaks plain http beside https. */
  readonly http: boolean;
  /** Somebody has installed our CA on the BMC. */
  readonly knowsCa: boolean;
  readonly allow: readonly Destructive[];
}

export interface AttachWish {
  readonly role?: AttachmentRole;
  readonly format?: ImageFormat;
  readonly boot?: BootWish;
  readonly reset?: boolean | ResetType;
  readonly force?: boolean;
}

export interface Rig {
  readonly bmc: RedfishSimulator;
  readonly clock: HastyClock;
  readonly deps: GatewayDeps;
  readonly audit: readonly MarkedEntry[];
  attach(wish?: AttachWish): Promise<AttachmentRecord>;
  detach(id: string): Promise<void>;
  /** Any other operation of the machine, by its sealed input. */
  operate(kind: OperationKind, input: Json): Promise<Json>;
  /** The URL under which an attachment is published, while it is. */
  urlOf(id: string): string | undefined;
  /** What the gateway does by itself while time passes. */
  recheck(): Promise<void>;
  /** Time passes, and what it sets off is done. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

const machineFor = (bmc: RedfishSimulator): MachineRecord => ({
  id: "machine",
  name: "machine",
  labels: {},
  endpoints: [
    { protocol: "redfish", address: bmc.url, tls: { mode: "verify", level: "modern" }, hasCredentials: true },
  ],
  createdAt: 0,
  updatedAt: 0,
});

const stationed = (bmc: RedfishSimulator, clock: HastyClock): HastyClock => ({
  ...clock,
  get slept() {
    return clock.slept;
  },
  sleep: async (ms, signal) => {
    await clock.sleep(ms, signal);
    await bmc.idle();
  },
});

export interface Cast {
  readonly fixture: string;
  /** How the BMC differs from its fixture. */
  readonly overrides?: PersonalityOverrides | undefined;
  readonly profiles: Profiles;
  readonly site: Site;
}

export const openRig = async (stage: Stage, { fixture, overrides = {}, profiles, site }: Cast): Promise<Rig> => {
  // The image plane has the real time; both must agree on which reads are recent.
  const hasty = createHastyClock(Date.now());
  const bmc = await startRedfishSimulator({
    fixture,
    overrides,
    clock: hasty,
    ...(site.knowsCa ? { imageCa: stage.certificate.cert } : {}),
  });
  const clock = stationed(bmc, hasty);
  const plane = await startTestPlane({
    images: stage.images,
    ...(site.http ? { http: { host: "127.0.0.1", port: 0 } } : {}),
    https: { host: "127.0.0.1", port: 0, ...stage.certificate },
  });
  const pool = createHttpPool();
  const attachments = memoryAttachments();
  const auditLog = memoryAudit(() => bmc.requests().length);
  const deps: GatewayDeps = {
    machines: memoryMachine(machineFor(bmc), bmc.credentials) as MachineStore,
    attachments,
    journal: {} as GatewayDeps["journal"],
    auditLog,
    images: memoryImages(new Map(Object.values(stage.records).map((image) => [image.digest, image]))),
    publications: plane.book,
    profiles,
    protocols: createProtocols({ http: pool }),
    clock,
    log: silentLog,
    deadlineMs: 3_600_000,
    imageCa: stage.certificate.cert,
    allow: new Set(site.allow),
  };
  return assemble({ stage, bmc, clock, plane, pool, deps, attachments, audit: auditLog.entries });
};

interface Parts {
  readonly stage: Stage;
  readonly bmc: RedfishSimulator;
  readonly clock: HastyClock;
  readonly plane: TestPlane;
  readonly pool: HttpPool;
  readonly deps: GatewayDeps;
  readonly attachments: ReturnType<typeof memoryAttachments>;
  readonly audit: readonly MarkedEntry[];
}

const assemble = ({ stage, bmc, clock, plane, pool, deps, attachments, audit }: Parts): Rig => {
  const { handlers, conversations } = createUseCases(deps);
  const recheck = createRecheck(deps, conversations);
  let count = 0;

  const operate = (kind: OperationKind, input: Json, attachmentId?: string): Promise<Json> => {
    const operation = operationRecord(kind, attachmentId);
    return runAsOperation(clock, operation, input, (context: OperationContext) => handlers[kind](context));
  };

  const attach = async (wish: AttachWish = {}): Promise<AttachmentRecord> => {
    count += 1;
    const id = `attachment-${count}`;
    const { role = "configdrive", format = "iso9660", boot = "none", reset = false, force = false } = wish;
    const source = { kind: "image", digest: stage.records[format].digest } as const;
    const input: AttachInput = { source, role, boot, reset, force, readWithinMs: 0 };
    attachments.add(attachmentRecord(id, role, clock.now()));
    try {
      await operate("attach", { ...input, source: { ...source } }, id);
    } catch (error) {
      await attachments.update(id, { state: "failed" });
      throw error;
    }
    return attachments.get(id);
  };

  return {
    bmc,
    clock,
    deps,
    audit,
    attach,
    detach: async (id) => void (await operate("detach", { attachments: [id], force: false })),
    operate,
    urlOf: (id) => plane.book.find(id)?.url,
    recheck: () => recheck.round(new AbortController().signal),
    pass: (ms) => clock.sleep(ms),
    close: async () => {
      pool.close();
      await plane.close();
      await bmc.close();
    },
  };
};

const operationRecord = (kind: OperationKind, attachmentId: string | undefined): OperationRecord => ({
  id: "operation",
  kind,
  machineId: "machine",
  machineName: "machine",
  ...(attachmentId === undefined ? {} : { attachmentId }),
  state: "running",
  steps: [],
  cancelRequested: false,
  createdBy: "story",
  createdAt: 0,
});

const attachmentRecord = (id: string, role: AttachmentRole, at: number): AttachmentRecord => ({
  id,
  machineId: "machine",
  machineName: "machine",
  role,
  state: "attaching",
  source: { kind: "image", display: "image" },
  warnings: [],
  createdBy: "story",
  createdAt: at,
  updatedAt: at,
  operationId: "operation",
});

/** Why a story failed, in one word: our error's code, or that a promise was broken. */
export const failureOf = (
  error: unknown,
): { readonly code: string; readonly message: string; readonly hint: string } => {
  if (error instanceof MediabayError) return { code: error.code, message: error.message, hint: error.hint };
  if (error instanceof Broken) return { code: "PROMISE_BROKEN", message: error.message, hint: "" };
  throw error;
};

/** Everything was reported as done, and was not. */
export class Broken extends Error {}
