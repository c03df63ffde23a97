import { attachmentStoreContract } from "../contract/attachment-store.ts";
import { auditLogContract } from "../contract/audit-log.ts";
import { imageCatalogContract } from "../contract/image-catalog.ts";
import { imageKeysContract } from "../contract/image-keys.ts";
import { journalContract } from "../contract/journal.ts";
import { machineStoreContract } from "../contract/machine-store.ts";
import { publicationCatalogContract } from "../contract/publication-catalog.ts";
import { sourceCredentialStoreContract } from "../contract/source-credential-store.ts";
import { tokenStoreContract } from "../contract/token-store.ts";
import { sampleMachine, sampleOperation } from "../tools/store-samples.ts";
import { openTempStore } from "../tools/temp-store.ts";

machineStoreContract("SQLite", async () => {
  const temp = await openTempStore();
  return {
    machines: temp.store.machines,
    clock: temp.clock,
    reopen: async () => (await temp.reopen()).machines,
    close: temp.close,
  };
});

attachmentStoreContract("SQLite", async () => {
  const temp = await openTempStore();
  const known = new Set<string>();
  return {
    attachments: temp.store.attachments,
    clock: temp.clock,
    async begin(attachment) {
      const { machineId } = attachment;
      if (!known.has(machineId)) await temp.store.machines.create(sampleMachine(machineId, { id: machineId }), []);
      known.add(machineId);
      await temp.store.journal.accept(sampleOperation(attachment.operationId, { machineId }), attachment);
    },
    close: temp.close,
  };
});

journalContract("SQLite", async () => {
  const temp = await openTempStore();
  for (const name of ["m1", "m2"]) await temp.store.machines.create(sampleMachine(name), []);
  return {
    journal: temp.store.journal,
    attachments: temp.store.attachments,
    clock: temp.clock,
    reopen: async () => (await temp.reopen()).journal,
    crash: async () => (await temp.crash()).journal,
    close: temp.close,
  };
});

auditLogContract("SQLite", async () => {
  const temp = await openTempStore();
  return { audit: temp.store.audit, reopen: async () => (await temp.reopen()).audit, close: temp.close };
});

tokenStoreContract("SQLite", async () => {
  const temp = await openTempStore();
  return {
    tokens: temp.store.tokens,
    clock: temp.clock,
    reopen: async () => (await temp.reopen()).tokens,
    close: temp.close,
  };
});

imageCatalogContract("SQLite", async () => {
  const temp = await openTempStore();
  return { catalog: temp.store.images, close: temp.close };
});

imageKeysContract("SQLite", async () => {
  const temp = await openTempStore();
  return { keys: temp.store.imageKeys, close: temp.close };
});

publicationCatalogContract("SQLite", async () => {
  const temp = await openTempStore();
  return {
    catalog: temp.store.publications,
    reopen: async () => (await temp.reopen()).publications,
    close: temp.close,
  };
});

sourceCredentialStoreContract("SQLite", async () => {
  const temp = await openTempStore();
  return {
    credentials: temp.store.credentials,
    reopen: async () => (await temp.reopen()).credentials,
    close: temp.close,
  };
});
