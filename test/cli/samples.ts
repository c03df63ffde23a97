// Views as the gateway answers them.

const at = "2026-11-24T03:00:00.000Z";

export const machine = {
  id: "m-1",
  name: "web1",
  labels: { rack: "r7" },
  endpoints: [
    { protocol: "auto", address: "https://192.0.2.7", tls: { mode: "verify", level: "modern" }, hasCredentials: true },
  ],
  createdAt: at,
  updatedAt: at,
};

export const operation = {
  id: "op-1",
  kind: "attach",
  machineId: "m-1",
  machineName: "web1",
  attachmentId: "a-1",
  state: "queued",
  steps: [],
  cancelRequested: false,
  createdBy: "admin",
  createdAt: at,
};

export const succeeded = { ...operation, state: "succeeded", startedAt: at, endedAt: "2026-11-24T03:00:03.200Z" };

export const attachment = {
  id: "a-1",
  machineId: "m-1",
  machineName: "web1",
  role: "configdrive",
  state: "attaching",
  source: { kind: "uri", display: "http://192.0.2.1/c.iso" },
  warnings: [],
  createdBy: "admin",
  createdAt: at,
  updatedAt: at,
  operationId: "op-1",
};

export const attached = {
  ...attachment,
  state: "attached",
  digest: "a".repeat(64),
  sizeBytes: 1_572_864,
  format: "iso9660",
  slot: "Cd",
  mediaType: "CD",
  observed: { inserted: true, image: "http://192.0.2.1:8481/m/******/c.iso" },
  reads: { requests: 3, bytesSent: 4096, coveredBytes: 4096, coverage: [], remotes: ["192.0.2.7"], lastReadAt: at },
};

export const image = {
  digest: "a".repeat(64),
  sizeBytes: 1_572_864,
  format: "iso9660",
  label: "config-2",
  createdAt: at,
  lastUsedAt: at,
  references: 1,
  published: 0,
};

export const credential = {
  name: "mirror",
  kind: "basic",
  destinations: ["https://origin.example"],
  createdAt: at,
  updatedAt: at,
};

export const accepted = { operation, attachment, created: true };

export const problem = (code: string, status: number, detail: string, more: object = {}) => ({
  type: `urn:mediabay:error:${code}`,
  title: code,
  status,
  detail,
  code,
  hint: `hint of ${code}`,
  ...more,
});
