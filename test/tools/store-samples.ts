// Records as the store's tests need them: valid, small, and told apart by their name.
import type { NewOperation } from "../../src/core/ports.ts";
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
