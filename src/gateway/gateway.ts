// The gateway: every north side's only door. One use case a file beside this one; this file only names them.
import { MediabayError } from "../core/errors.ts";
import type { Gateway, IngestOptions } from "../core/gateway.ts";
import type { OperationHandler } from "../core/ports.ts";
import type { AttachmentRecord } from "../core/records.ts";
import type { OperationKind } from "../core/vocabulary.ts";
import { createAttachHandler } from "./attach.ts";
import { bootOf, createBootHandler } from "./boot.ts";
import { type Conversations, createConversations } from "./connect.ts";
import { removeCredential, setCredential } from "./credentials.ts";
import type { GatewayDeps, SubmittingDeps } from "./deps.ts";
import { createDetachHandler } from "./detach.ts";
import { createMachine, removeMachine, toEndpoint, updateMachine } from "./machines.ts";
import { createEjectHandler, readMedia } from "./media.ts";
import { createPowerHandler, powerOf } from "./power.ts";
import { probeEndpoint, probeMachine } from "./probe.ts";
import { explainProfile, listProfiles } from "./profiles.ts";
import { recordEndpoint, recordMachine } from "./record.ts";
import { createReplaceHandler } from "./replace/replace.ts";
import { submitReplace } from "./replace/submit-replace.ts";
import { submit, submitAttach, submitDetach } from "./submit.ts";
import { createTurns } from "./turns.ts";
import { releaseUnclaimed, releasingUnbegun } from "./unbegun.ts";

/** Handlers and views share one set of conversations, so that a machine is spoken to by one of them at a time. */
export const createUseCases = (
  deps: GatewayDeps,
): { readonly conversations: Conversations; readonly handlers: Readonly<Record<OperationKind, OperationHandler>> } => {
  const conversations = createConversations(deps, createTurns());
  return {
    conversations,
    handlers: {
      attach: releasingUnbegun(deps, createAttachHandler(deps, conversations)),
      replace: releasingUnbegun(deps, createReplaceHandler(deps, conversations)),
      detach: createDetachHandler(deps, conversations),
      boot: createBootHandler(conversations),
      power: createPowerHandler(deps, conversations),
      eject: createEjectHandler(deps, conversations),
    },
  };
};

/** Until its time is over, or its caller has gone. */
const ingestSignal = ({ deadlineMs, signal }: IngestOptions, defaultMs: number): AbortSignal => {
  const deadline = AbortSignal.timeout(deadlineMs ?? defaultMs);
  return signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
};

/** How long a live view waits for the machine's turn and its BMC. */
const viewMs = 60_000;

const viewSignal = (): AbortSignal => {
  const controller = new AbortController();
  const busy = new MediabayError("MACHINE_BUSY", "The machine's running operation did not leave its BMC in time.");
  setTimeout(() => controller.abort(busy), viewMs).unref();
  return controller.signal;
};

export const createGateway = (deps: SubmittingDeps, conversations: Conversations): Gateway => {
  const { machines, attachments, journal, operations } = deps;
  const machineId = async (idOrName: string): Promise<string> => (await machines.get(idOrName)).id;
  return {
    createMachine: (machine, options) => createMachine(deps, machine, options),
    getMachine: (idOrName) => machines.get(idOrName),
    updateMachine: (idOrName, change, options) => updateMachine(deps, idOrName, change, options),
    removeMachine: (idOrName, options) => removeMachine(deps, idOrName, options),
    listMachines: (page, labels) => machines.list(page, labels),

    attach: async (machine, request, options) => submitAttach(deps, await machines.get(machine), request, options),
    detach: async (machine, id, options) => submitDetach(deps, await machines.get(machine), id, options),
    replace: (id, request, options) => submitReplace(deps, id, request, options),
    getAttachment: async (id) => withLiveFacts(deps, await attachments.get(id)),
    listAttachments: async (page, filter) => {
      const found = await attachments.list(page, filter);
      return { ...found, items: await Promise.all(found.items.map((item) => withLiveFacts(deps, item))) };
    },

    getOperation: (id) => journal.get(id),
    listOperations: (page, filter) => journal.list(page, filter),
    cancelOperation: async (id) => releaseUnclaimed(deps, await operations.cancel(id)),
    waitOperation: (id, timeoutMs, signal) => operations.wait(id, timeoutMs, signal),
    events: (after, operationId) => journal.events(after, operationId),
    subscribe: (listener) => journal.subscribe(listener),

    media: async (machine) => readMedia(deps, conversations, await machineId(machine), viewSignal()),
    ejectMedia: async (machine, slot, options) =>
      submit(deps, await machines.get(machine), "eject", { slot, force: options.force ?? false }, options),
    boot: async (machine) =>
      conversations.converse(await machineId(machine), { signal: viewSignal() }, async ({ session }) => {
        const boot = bootOf(session);
        return { override: await boot.override(), targets: await boot.targets() };
      }),
    setBoot: async (machine, override, options) =>
      submit(deps, await machines.get(machine), "boot", { ...override }, options),
    power: async (machine) =>
      conversations.converse(await machineId(machine), { signal: viewSignal() }, async ({ session }) => {
        const power = powerOf(session);
        return { state: await power.state(), resetTypes: await power.resetTypes() };
      }),
    reset: async (machine, type, options) => submit(deps, await machines.get(machine), "power", { type }, options),
    probe: async (target) =>
      "machine" in target
        ? probeMachine(deps, conversations, await machineId(target.machine), viewSignal())
        : probeEndpoint(deps, conversations, toEndpoint(target.endpoint), {
            signal: viewSignal(),
            imageHost: target.endpoint.imageHost,
          }),

    record: async (target, options) =>
      "machine" in target
        ? recordMachine(deps.recorder, conversations, await machineId(target.machine), options)
        : recordEndpoint(deps.recorder, conversations, toEndpoint(target.endpoint), options),

    listProfiles: async (page) => listProfiles(deps, page),
    getProfile: async (id) => deps.profiles.get(id),
    explainProfile: (machine) => explainProfile(deps, conversations, machine, viewSignal()),

    ingestImage: (source, options) =>
      deps.images.ensure({
        source,
        role: options.role ?? "configdrive",
        ...(options.digest === undefined ? {} : { expectedDigest: options.digest }),
        holder: "manual",
        signal: ingestSignal(options, deps.deadlineMs),
      }),
    getImage: (digest) => deps.images.get(digest),
    listImages: (page) => deps.images.list(page),
    removeImage: (digest) => deps.images.remove(digest),

    setCredential: (name, credential, options) => setCredential(deps, name, credential, options),
    listCredentials: (page) => deps.credentials.list(page),
    removeCredential: (name, options) => removeCredential(deps, name, options),
    audit: (page, filter) => deps.auditLog.list(page, filter),
  };
};

/** A live attachment shows its reads as they are now. */
const withLiveFacts = async (deps: SubmittingDeps, attachment: AttachmentRecord): Promise<AttachmentRecord> => {
  if (deps.publications.find(attachment.id) === undefined) return attachment;
  return { ...attachment, reads: await deps.publications.reads(attachment.id) };
};
