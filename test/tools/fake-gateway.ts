// A gateway of plain memory for tests of the north sides: records what it was asked, fails when told to, and ends operations when told to.
import type { Clock } from "../../src/core/driver.ts";
import { MediabayError } from "../../src/core/errors.ts";
import type { Accepted, Gateway } from "../../src/core/gateway.ts";
import type {
  AttachmentRecord,
  AuditRecord,
  ImageRecord,
  MachineRecord,
  OperationEvent,
  OperationRecord,
  Page,
} from "../../src/core/records.ts";
import type { PageRequest, ProfileQuirk, ProfileSummary } from "../../src/core/ports.ts";
import type { ProbeReport } from "../../src/core/probe.ts";
import type { SourceCredentialRecord } from "../../src/core/source-credentials.ts";
import type { OperationKind } from "../../src/core/vocabulary.ts";

export const publishedUrl = "http://192.0.2.1:8481/m/abcdefghijklmnopqrstuvwxyz/config.iso";
const digest = "0123456789abcdef".repeat(4);

const machineOf = (at: number): MachineRecord => ({
  id: "m-1",
  name: "node1",
  labels: { rack: "r1" },
  endpoints: [
    {
      protocol: "redfish",
      address: "https://bmc.example",
      tls: { mode: "pinned", level: "modern", fingerprint: "ab".repeat(32) },
      system: "1",
      imageHost: "192.0.2.1",
      hasCredentials: true,
    },
  ],
  identity: { protocol: "redfish", vendor: "Example", oem: ["Example"], firmwareVersion: "1.0" },
  createdAt: at,
  updatedAt: at,
});

const imageOf = (at: number): ImageRecord => ({
  digest,
  sizeBytes: 4096,
  format: "iso9660",
  label: "config-2",
  createdAt: at,
  lastUsedAt: at,
  references: 1,
  published: 1,
});

const attachmentOf = (at: number): AttachmentRecord => ({
  id: "a-1",
  machineId: "m-1",
  machineName: "node1",
  role: "configdrive",
  state: "attaching",
  source: { kind: "uri", display: "https://origin.example/c.iso" },
  digest,
  sizeBytes: 4096,
  format: "iso9660",
  slot: "Cd",
  mediaType: "CD",
  observed: { inserted: true, image: publishedUrl, imageName: "config.iso", writeProtected: true, connectedVia: "URI" },
  observedAt: at,
  boot: { target: "Cd", enabled: "Once", mode: "UEFI" },
  reset: "ForceRestart",
  reads: {
    requests: 2,
    bytesSent: 4096,
    coveredBytes: 4096,
    coverage: [{ from: 0, to: 4096 }],
    firstReadAt: at,
    lastReadAt: at,
    remotes: ["192.0.2.9"],
    pattern: "pieces",
    files: [
      { path: "openstack/latest/user_data", sizeBytes: 2000, readBytes: 2000, firstReadAt: at, completeAt: at },
      { path: "openstack/latest/network_data.json", sizeBytes: 100, readBytes: 0 },
    ],
  },
  warnings: ["a warning"],
  createdBy: "op",
  createdAt: at,
  updatedAt: at,
  operationId: "o-1",
});

const profileSummary: ProfileSummary = {
  id: "example/one",
  title: "Example One",
  confidence: "report",
  origins: ["shipped", "site"],
};

const profileQuirk: ProfileQuirk = {
  protocol: "redfish",
  section: "insert",
  key: "always",
  value: ["Inserted"],
  why: "Nothing is attached without it.",
  evidence: { source: "a test", date: "2026-01", firmwareSeen: "1.0", confidence: "report" },
  profile: "example/one",
  origin: "shipped",
  firmware: "below 2.0 (dotted)",
};

const probeReport: ProbeReport = {
  fitness: { verdict: "yes" },
  identity: { protocol: "redfish", oem: [] },
  profile: {
    id: "example/one",
    title: "Example One",
    rule: 'vendor equals "Example"',
    confidence: "report",
    notes: ["a note"],
    why: ['vendor equals "Example"'],
  },
  slots: [
    {
      id: "Cd",
      mediaTypes: ["CD"],
      urlCapable: true,
      state: { inserted: true, image: publishedUrl },
      url: {
        transports: [
          { scheme: "https", served: true },
          { scheme: "nfs", served: false },
        ],
        maxLength: 255,
        forbidden: "?",
        family: "ipv4",
      },
    },
  ],
  limits: {
    maxConcurrent: 1,
    idleUnmountMs: 1_800_000,
    extensions: { CD: "iso", DVD: "iso", USBStick: "img", Floppy: "img" },
    maxImageBytes: 52_428_800,
  },
  boot: { override: { target: "None", enabled: "Disabled" }, targets: ["None", "Cd"], bootsFrom: { CD: "Cd" } },
  power: { state: "On", resetTypes: [] },
  can: { media: true, boot: true, power: true },
  preparation: [{ method: "PATCH", path: "/redfish/v1/Managers/1" }],
  plans: [
    {
      role: "configdrive",
      format: "iso9660",
      fitness: { verdict: "yes" },
      slot: "Cd",
      otherwise: [],
      mediaType: "CD",
      extension: "iso",
      scheme: "https",
      insert: {
        method: "action",
        requests: [{ method: "POST", path: "/redfish/v1/Managers/1/VirtualMedia/Cd/Actions/VirtualMedia.InsertMedia" }],
        parameters: ["Inserted"],
      },
    },
    {
      role: "configdrive",
      format: "fat",
      fitness: { verdict: "no", code: "UNSUPPORTED_BY_BMC", reason: "No slot takes it.", hint: "Use an ISO." },
    },
  ],
  exchanges: 5,
  warnings: [],
};

const credentialOf = (at: number): SourceCredentialRecord => ({
  name: "mirror",
  kind: "basic",
  destinations: ["https://origin.example"],
  createdAt: at,
  updatedAt: at,
});

const auditOf = (at: number): AuditRecord => ({
  seq: 1,
  at,
  actor: "op",
  action: "attach",
  machineId: "m-1",
  machineName: "node1",
  attachmentId: "a-1",
  digest,
  detail: { startedAt: at },
});

type Method = keyof Gateway;
type Ended = "succeeded" | "failed" | "cancelled";

export interface FakeGateway extends Gateway {
  /** Every call: the method and its arguments. */
  readonly calls: (readonly [Method, ...unknown[]])[];
  readonly operations: Map<string, OperationRecord>;
  readonly digest: string;
  readonly subscribers: number;
  /** From now on this method fails so; undefined heals it. */
  fail(method: Method, error: unknown): void;
  /** Stores an event and tells the subscribers. */
  emit(operationId: string, type: OperationEvent["type"], data?: OperationEvent["data"]): OperationEvent;
  end(operationId: string, state: Ended, error?: OperationRecord["error"]): void;
}

/** Knows one machine (`m-1`, `node1`), attachment (`a-1`) and image; every accepted call begins an operation that stays queued. */
export const createFakeGateway = (clock: Clock): FakeGateway => {
  const calls: FakeGateway["calls"] = [];
  const failures = new Map<Method, unknown>();
  const operations = new Map<string, OperationRecord>();
  const events: OperationEvent[] = [];
  const listeners = new Set<(event: OperationEvent) => void>();
  const waiters = new Set<() => void>();

  const called = (method: Method, ...args: unknown[]): void => {
    calls.push([method, ...args]);
    if (failures.has(method)) throw failures.get(method);
  };
  const page = <T>(items: readonly T[], { after }: PageRequest): Page<T> => {
    if (after !== undefined && after !== "next") throw new MediabayError("INVALID_REQUEST", "The cursor is not valid.");
    return after === undefined ? { items, next: "next" } : { items: [] };
  };
  const machine = (idOrName: string): MachineRecord => {
    if (idOrName === "m-1" || idOrName === "node1") return machineOf(clock.now());
    throw new MediabayError("MACHINE_NOT_FOUND", "There is no such machine.", { machine: idOrName });
  };
  const operation = (id: string): OperationRecord => {
    const found = operations.get(id);
    if (!found) throw new MediabayError("NOT_FOUND", "There is no such operation.");
    return found;
  };
  const emit: FakeGateway["emit"] = (operationId, type, data = {}) => {
    const event = { seq: events.length + 1, operationId, at: clock.now(), type, data };
    events.push(event);
    for (const listener of listeners) listener(event);
    return event;
  };
  const accept = (kind: OperationKind, withAttachment = false): Accepted => {
    const at = clock.now();
    const accepted: OperationRecord = {
      id: `o-${operations.size + 1}`,
      kind,
      machineId: "m-1",
      machineName: "node1",
      ...(withAttachment && { attachmentId: "a-1" }),
      state: "queued",
      steps: [{ name: "insert", title: "Insert", state: "running", attempts: 1, startedAt: at }],
      cancelRequested: false,
      deadlineAt: at + 600_000,
      createdBy: "op",
      createdAt: at,
    };
    operations.set(accepted.id, accepted);
    return { operation: accepted, ...(withAttachment && { attachment: attachmentOf(at) }), created: true };
  };
  const ended = ({ state }: OperationRecord): boolean => ["succeeded", "failed", "cancelled"].includes(state);
  const nextEnd = (signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      waiters.add(resolve);
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });

  return {
    calls,
    operations,
    digest,
    get subscribers() {
      return listeners.size;
    },
    fail: (method, error) => {
      if (error === undefined) failures.delete(method);
      else failures.set(method, error);
    },
    emit,
    end: (id, state, error) => {
      operations.set(id, { ...operation(id), state, ...(error && { error }), endedAt: clock.now() });
      emit(id, "state", { state });
      for (const wake of waiters) wake();
      waiters.clear();
    },
    createMachine: async (...args) => (called("createMachine", ...args), machineOf(clock.now())),
    getMachine: async (id) => (called("getMachine", id), machine(id)),
    updateMachine: async (id, ...rest) => (called("updateMachine", id, ...rest), machine(id)),
    removeMachine: async (id, options) => {
      called("removeMachine", id, options);
      machine(id);
    },
    listMachines: async (request, labels) => (
      called("listMachines", request, labels), page([machineOf(clock.now())], request)
    ),
    attach: async (id, ...rest) => (called("attach", id, ...rest), machine(id), accept("attach", true)),
    detach: async (id, attachmentId, options) => (
      called("detach", id, attachmentId, options), machine(id), accept("detach", attachmentId !== undefined)
    ),
    replace: async (id, ...rest) => {
      called("replace", id, ...rest);
      if (id !== "a-1") throw new MediabayError("NOT_FOUND", "There is no such attachment.");
      return accept("replace", true);
    },
    getAttachment: async (id) => {
      called("getAttachment", id);
      if (id !== "a-1") throw new MediabayError("NOT_FOUND", "There is no such attachment.");
      return { ...attachmentOf(clock.now()), state: "attached" };
    },
    listAttachments: async (request, filter) => (
      called("listAttachments", request, filter),
      page(filter?.machineId === undefined || filter.machineId === "m-1" ? [attachmentOf(clock.now())] : [], request)
    ),
    getOperation: async (id) => (called("getOperation", id), operation(id)),
    listOperations: async (request, filter) => (
      called("listOperations", request, filter),
      page(
        [...operations.values()].filter((item) => !filter?.machineId || item.machineId === filter.machineId),
        request,
      )
    ),
    cancelOperation: async (id, options) => {
      called("cancelOperation", id, options);
      const asked = { ...operation(id), cancelRequested: true };
      operations.set(id, asked);
      return asked;
    },
    waitOperation: async (id, timeoutMs, signal) => {
      called("waitOperation", id, timeoutMs);
      if (!ended(operation(id))) await Promise.race([nextEnd(signal), clock.sleep(timeoutMs, signal)]);
      return operation(id);
    },
    // Small pages, so that readers have to ask again.
    events: async (after, operationId) => (
      called("events", after, operationId),
      events.filter((event) => event.seq > after && (!operationId || event.operationId === operationId)).slice(0, 3)
    ),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    media: async (id) => (
      called("media", id),
      machine(id),
      {
        slots: [
          {
            id: "Cd",
            mediaTypes: ["CD", "DVD"],
            urlCapable: true,
            state: { inserted: true, image: publishedUrl },
            attachmentId: "a-1",
          },
        ],
      }
    ),
    ejectMedia: async (id, slot, options) => (called("ejectMedia", id, slot, options), machine(id), accept("eject")),
    boot: async (id) => (
      called("boot", id), machine(id), { override: { target: "Cd", enabled: "Once" }, targets: ["None", "Cd"] }
    ),
    setBoot: async (id, ...rest) => (called("setBoot", id, ...rest), machine(id), accept("boot")),
    power: async (id) => (called("power", id), machine(id), { state: "On", resetTypes: ["On", "ForceOff"] }),
    reset: async (id, ...rest) => (called("reset", id, ...rest), machine(id), accept("power")),
    probe: async (target) => {
      called("probe", target);
      if ("machine" in target) machine(target.machine);
      return probeReport;
    },
    record: async (target, options) => {
      called("record", target);
      if ("machine" in target) machine(target.machine);
      options.onProgress?.(1, 1);
      options.onProgress?.(2, 0);
      const files = { "resources.json": "{}\n", "personality.json": "{}\n", "PROVENANCE.md": "# Example\n" };
      return { files, resources: 2, notes: ["/redfish/v1/Managers/2 answers 404."] };
    },
    listProfiles: async (request) => (called("listProfiles", request), page([profileSummary], request)),
    getProfile: async (id) => {
      called("getProfile", id);
      if (id !== profileSummary.id) throw new MediabayError("NOT_FOUND", "There is no such profile.");
      return {
        ...profileSummary,
        priority: 0,
        rules: ['vendor equals "Example"'],
        notes: ["a note"],
        quirks: [profileQuirk],
      };
    },
    explainProfile: async (id) => {
      called("explainProfile", id);
      const { name, identity = { protocol: "redfish", oem: [] } } = machine(id);
      return {
        ...profileSummary,
        machine: name,
        identity,
        rule: 'vendor equals "Example"',
        notes: [],
        quirks: [profileQuirk],
      };
    },
    ingestImage: async (...args) => (called("ingestImage", ...args), imageOf(clock.now())),
    getImage: async (name) => {
      called("getImage", name);
      if (name !== digest) throw new MediabayError("IMAGE_NOT_FOUND", "There is no such image.");
      return imageOf(clock.now());
    },
    listImages: async (request) => (called("listImages", request), page([imageOf(clock.now())], request)),
    removeImage: async (...args) => called("removeImage", ...args),
    setCredential: async (...args) => (called("setCredential", ...args), credentialOf(clock.now())),
    listCredentials: async (request) => (
      called("listCredentials", request), page([credentialOf(clock.now())], request)
    ),
    removeCredential: async (name, options) => {
      called("removeCredential", name, options);
      if (name !== "mirror") throw new MediabayError("CREDENTIAL_NOT_FOUND", "There is no such credential.", { name });
    },
    audit: async (request, filter) => (
      called("audit", request, filter),
      page(
        filter?.machineId === undefined || ["m-1", "m-gone"].includes(filter.machineId) ? [auditOf(clock.now())] : [],
        request,
      )
    ),
  };
};
