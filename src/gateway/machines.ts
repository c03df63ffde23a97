// Machines: what may be registered, and what keeps one from being removed.
import { randomUUID } from "node:crypto";
import type { Credentials, Endpoint, TlsPolicy } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { Gateway, MachineChange, NewEndpoint, NewMachine, RequestOptions } from "../core/gateway.ts";
import type { EndpointRecord, MachineRecord } from "../core/records.ts";
import { liveStates } from "../core/vocabulary.ts";
import type { SubmittingDeps } from "./deps.ts";
import { leftBehind } from "./own-media.ts";

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const labelKeyPattern = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/;

const invalid = (field: string, problem: string): MediabayError =>
  new MediabayError("INVALID_REQUEST", `${field}: ${problem}.`, { field });

/** @throws MediabayError INVALID_REQUEST naming the field */
const checkEndpoint = (endpoint: NewEndpoint, field: string): EndpointRecord => {
  const address = checkAddress(endpoint.address, `${field}.address`);
  return {
    protocol: endpoint.protocol ?? "auto",
    address,
    tls: checkTls(endpoint.tls ?? {}, `${field}.tls`),
    ...(endpoint.system === undefined ? {} : { system: endpoint.system }),
    ...(endpoint.imageHost === undefined ? {} : { imageHost: endpoint.imageHost }),
    hasCredentials: endpoint.credentials !== undefined && endpoint.credentials !== null,
  };
};

/** Credentials in an address would be shown with it, so they are refused there; a path is not part of an address. */
const checkAddress = (address: string, field: string): string => {
  const text = address.includes("://") ? address : `https://${address}`;
  if (!URL.canParse(text)) throw invalid(field, "is not a host, host:port or URL");
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw invalid(field, "must be http or https");
  if (url.username !== "" || url.password !== "")
    throw invalid(field, "must not hold credentials; give them in `credentials`");
  if ((url.pathname !== "/" && url.pathname !== "") || url.search !== "" || url.hash !== "") {
    throw invalid(field, "must be a host without path or query; links are followed from the service root");
  }
  return `${url.protocol}//${url.host}`;
};

const checkTls = (tls: Partial<TlsPolicy>, field: string): TlsPolicy => {
  const mode = tls.mode ?? (tls.fingerprint === undefined ? "verify" : "pinned");
  const fingerprint = tls.fingerprint?.replaceAll(":", "").toLowerCase();
  if (mode === "pinned" && fingerprint === undefined)
    throw invalid(`${field}.fingerprint`, "is needed when the mode is pinned");
  if (fingerprint !== undefined && !/^[0-9a-f]{64}$/.test(fingerprint)) {
    throw invalid(`${field}.fingerprint`, "must be a SHA-256: 64 hexadecimal digits, colons allowed");
  }
  if (tls.ca !== undefined && !tls.ca.includes("-----BEGIN CERTIFICATE-----"))
    throw invalid(`${field}.ca`, "must be PEM certificates");
  return {
    mode,
    level: tls.level ?? "modern",
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
  };
};

const checkLabels = (labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  for (const [key, value] of Object.entries(labels)) {
    if (!labelKeyPattern.test(key))
      throw invalid(`labels.${key}`, "the key must match [A-Za-z0-9][A-Za-z0-9._/-]{0,62}");
    if (value.length > 253) throw invalid(`labels.${key}`, "the value is longer than 253 characters");
  }
  return labels;
};

const checkName = (name: string): string => {
  if (!namePattern.test(name)) throw invalid("name", "must match [A-Za-z0-9][A-Za-z0-9._-]{0,62}");
  return name;
};

/** An endpoint as a driver takes it, for a probe of an address that is not registered. */
export const toEndpoint = (endpoint: NewEndpoint): Endpoint => {
  const { protocol, address, tls, system } = checkEndpoint(endpoint, "endpoint");
  const credentials = endpoint.credentials ?? undefined;
  return {
    protocol,
    address,
    tls,
    ...(system === undefined ? {} : { system }),
    ...(credentials === undefined ? {} : { credentials }),
  };
};

export const createMachine = async (
  deps: SubmittingDeps,
  machine: NewMachine,
  { actor }: RequestOptions,
): Promise<MachineRecord> => {
  if (machine.endpoints.length === 0) throw invalid("endpoints", "at least one is needed");
  const now = deps.clock.now();
  const record: MachineRecord = {
    id: randomUUID(),
    name: checkName(machine.name),
    labels: checkLabels(machine.labels ?? {}),
    endpoints: machine.endpoints.map((endpoint, index) => checkEndpoint(endpoint, `endpoints.${index}`)),
    createdAt: now,
    updatedAt: now,
  };
  await deps.machines.create(
    record,
    machine.endpoints.map((endpoint) => endpoint.credentials ?? undefined),
  );
  await audit(deps, actor.name, "machine.created", record);
  return record;
};

type SealedChange = Credentials | "keep" | undefined;

export const updateMachine = async (
  deps: SubmittingDeps,
  idOrName: string,
  change: MachineChange,
  { actor }: RequestOptions,
): Promise<MachineRecord> => {
  const present = await deps.machines.get(idOrName);
  if (change.endpoints?.length === 0) throw invalid("endpoints", "at least one is needed");
  const credentials = sealedChanges(present, change);
  const record: MachineRecord = {
    ...present,
    name: change.name === undefined ? present.name : checkName(change.name),
    labels: change.labels === undefined ? present.labels : checkLabels(change.labels),
    endpoints:
      change.endpoints === undefined
        ? present.endpoints
        : change.endpoints.map((endpoint, index) => ({
            ...checkEndpoint(endpoint, `endpoints.${index}`),
            hasCredentials: credentials[index] === "keep" || credentials[index] !== undefined,
          })),
    updatedAt: deps.clock.now(),
  };
  await deps.machines.update(record, credentials);
  if (change.endpoints !== undefined) await deps.machines.remember(record.id, undefined);
  await audit(deps, actor.name, "machine.updated", record);
  return record;
};

/** Credentials stay with an unchanged address only: a new address must not receive the old machine's password unasked. */
const sealedChanges = (present: MachineRecord, change: MachineChange): readonly SealedChange[] => {
  if (change.endpoints === undefined) return present.endpoints.map(() => "keep");
  return change.endpoints.map((endpoint, index) => {
    if (endpoint.credentials === null) return undefined;
    if (endpoint.credentials !== undefined) return endpoint.credentials;
    const before = present.endpoints[index];
    if (before?.hasCredentials !== true) return undefined;
    if (before.address === checkAddress(endpoint.address, `endpoints.${index}.address`)) return "keep";
    throw invalid(
      `endpoints.${index}.credentials`,
      "are needed with a new address; the stored ones are not sent to another host",
    );
  });
};

export const removeMachine: (
  deps: SubmittingDeps,
  ...parameters: Parameters<Gateway["removeMachine"]>
) => Promise<void> = async (deps, idOrName, { actor, force }) => {
  const record = await deps.machines.get(idOrName);
  if (deps.operations.busy(record.id)) {
    throw new MediabayError("MACHINE_BUSY", `Machine ${record.name} has an operation under way.`, {
      machine: record.name,
    });
  }
  const live = await deps.attachments.list({ limit: 100 }, { machineId: record.id, states: liveStates });
  if (live.items.length > 0 && force !== true) {
    throw new MediabayError("MACHINE_BUSY", `Machine ${record.name} has ${live.items.length} live attachment(s).`, {
      machine: record.name,
      hint:
        "Detach first (DELETE /v1/machines/{machine}/attachments, or --detach of the command line), or repeat with force: then the BMC " +
        "keeps what it holds, and our copy is withdrawn and wiped.",
    });
  }
  const slot = (await leftBehind(deps, record.id))[0]?.leftIn;
  if (slot !== undefined && force !== true) {
    throw new MediabayError("MACHINE_BUSY", `Slot ${slot} of ${record.name} may still hold our medium.`, {
      machine: record.name,
      slot,
      hint:
        "It is looked at again by itself. Eject the slot now (DELETE /v1/machines/{machine}/media/{slot}, or --detach of the command line), " +
        "or repeat with force: then nobody looks at it again.",
    });
  }
  for (const attachment of live.items) {
    await deps.publications.withdraw(attachment.id);
    await deps.images.release(attachment.id);
    await deps.attachments.update(attachment.id, { state: "detached" });
  }
  await deps.machines.remove(record.id);
  await audit(deps, actor.name, "machine.removed", record);
};

const audit = (deps: SubmittingDeps, actor: string, action: string, machine: MachineRecord): Promise<void> =>
  deps.auditLog.append({
    at: deps.clock.now(),
    actor,
    action,
    machineId: machine.id,
    machineName: machine.name,
    detail: {},
  });
