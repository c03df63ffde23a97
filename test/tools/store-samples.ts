// Records as the store's tests need them: valid, small, and told apart by their name.
import type { NewOperation } from "../../src/core/ports.ts";
import type { SourceCredential } from "../../src/core/source-credentials.ts";
import type { AttachmentRecord, MachineRecord } from "../../src/core/records.ts";

export const startOfTime = Date.UTC(2026, 0, 1);

export const sampleMachine = (name: string, changes: Partial<MachineRecord> = {}): MachineRecord => ({
  id: `id-${name}`,
  name,
  labels: {},
  endpoints: [
    {
      protocol: "redfish",
      address: `https://${name}.example`,
      tls: { mode: "verify", level: "modern" },
      hasCredentials: false,
    },
  ],
  createdAt: startOfTime,
  updatedAt: startOfTime,
  ...changes,
});

export const sampleAttachment = (id: string, changes: Partial<AttachmentRecord> = {}): AttachmentRecord => ({
  id,
  machineId: "id-m1",
  machineName: "m1",
  role: "configdrive",
  state: "attaching",
  source: { kind: "uri", display: "http://origin.example/drive.iso" },
  warnings: [],
  createdBy: "ada",
  createdAt: startOfTime,
  updatedAt: startOfTime,
  operationId: `op-${id}`,
  ...changes,
});

export const sampleOperation = (id: string, changes: Partial<NewOperation> = {}): NewOperation => ({
  id,
  kind: "attach",
  machineId: "id-m1",
  input: { say: id },
  createdBy: "ada",
  createdAt: startOfTime,
  ...changes,
});

/** Where `sampleCredentials` have a secret. */
export const credentialSecrets = ["basic", "bearer", "headers", "swift", "application", "secret-key", "session-token"];

/** One of each kind; `secret` gives the value for a place. */
export const sampleCredentials = (secret: (place: string) => string) =>
  ({
    basic: { kind: "basic", origins: ["https://origin.example"], username: "ada", password: secret("basic") },
    bearer: { kind: "bearer", origins: ["https://origin.example", "http://[::1]:8080"], token: secret("bearer") },
    headers: { kind: "headers", origins: ["https://origin.example"], headers: { "X-Key": secret("headers") } },
    swift: {
      kind: "swift",
      authUrl: "https://keystone.example:5000/v3",
      login: {
        method: "password",
        username: "ada",
        userDomain: "Default",
        password: secret("swift"),
        project: "images",
        projectDomain: "Default",
      },
      interface: "public",
    },
    application: {
      kind: "swift",
      authUrl: "https://keystone.example:5000/v3",
      login: { method: "applicationCredential", id: "0123456789abcdef", secret: secret("application") },
      region: "R1",
      interface: "internal",
    },
    s3: {
      kind: "s3",
      endpoint: "https://s3.example",
      region: "us-east-1",
      accessKeyId: "AKEXAMPLE",
      secretAccessKey: secret("secret-key"),
      sessionToken: secret("session-token"),
      style: "path",
    },
  }) as const satisfies Readonly<Record<string, SourceCredential>>;
