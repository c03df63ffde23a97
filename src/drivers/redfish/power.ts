// The power of the system (DSP0268 ComputerSystem: PowerState, ComputerSystem.Reset).
import type { PowerDriver } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import { type PowerState, powerStates, type ResetType, resetTypes } from "../../core/vocabulary.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Learnt } from "./memory.ts";
import { actionInfo, computerSystem } from "./schema.ts";
import { isOk } from "./service/message.ts";
import type { Service } from "./service/service.ts";
import { settle } from "./service/task.ts";

type Reset = NonNullable<Learnt["reset"]>;

interface Parts {
  readonly service: Service;
  readonly knowledge: Knowledge;
}

const onStates: readonly PowerState[] = ["On", "PoweringOn"];
const offStates: readonly PowerState[] = ["Off", "PoweringOff"];

/** Where each of these leads: being there is what counts, whether or not the BMC took the request well. */
const ends: Readonly<Partial<Record<ResetType, readonly PowerState[]>>> = {
  On: onStates,
  ForceOn: onStates,
  ForceOff: offStates,
  GracefulShutdown: offStates,
};

const stateIntervalMs = 1000;
const conflictIntervalMs = 2000;

/** Undefined where the system cannot be reset. */
export const createPower = (service: Service, knowledge: Knowledge): PowerDriver | undefined => {
  if (knowledge.learnt.reset === undefined) return undefined;
  const parts = { service, knowledge };
  return {
    state: () => knowledge.revalidating(() => readState(parts)),
    lastResetAt: () => knowledge.revalidating(() => readLastReset(parts)),
    resetTypes: () =>
      knowledge.revalidating(async () => {
        const known = await typesOf(parts, resetOf(knowledge));
        return resetTypes.filter((type) => known.includes(type));
      }),
    reset: (type) => knowledge.revalidating(() => reset(parts, type)),
  };
};

const readState = async ({ service, knowledge }: Parts): Promise<PowerState> => {
  const { clock, signal } = service.context;
  const deadline = clock.monotonic() + service.quirks.power.pollThrough5xxMs;
  for (;;) {
    const reply = await service.send({ method: "GET", path: knowledge.learnt.systemPath });
    if (isOk(reply)) {
      const { PowerState: shown } = computerSystem.parse(reply.body);
      return powerStates.find((each) => each === shown) ?? "Unknown";
    }
    if (reply.status < 500 || clock.monotonic() >= deadline) throw service.refusal(reply);
    await clock.sleep(stateIntervalMs, signal);
  }
};

const readLastReset = async ({ service, knowledge }: Parts): Promise<number | undefined> => {
  const { LastResetTime: shown = "" } = computerSystem.parse((await service.get(knowledge.learnt.systemPath)).body);
  const at = Date.parse(shown);
  return Number.isNaN(at) ? undefined : at;
};

/** Some services list the types only in ActionInfo; they are read once. */
const typesOf = async (
  { service, knowledge }: Parts,
  { target, types, actionInfo: info }: Reset,
): Promise<readonly string[]> => {
  if (types.length > 0 || info === undefined) return types;
  const { Parameters } = actionInfo.parse((await service.get(info)).body);
  const found = Parameters.find(({ Name }) => Name === "ResetType")?.AllowableValues ?? [];
  knowledge.update({ reset: { target, types: found } });
  return found;
};

const reset = async (parts: Parts, type: ResetType): Promise<void> => {
  const { service, knowledge } = parts;
  const known = resetOf(knowledge);
  const allowed = await typesOf(parts, known);
  if (allowed.length > 0 && !allowed.includes(type)) throw notAllowed(type, allowed);
  const { settleBeforeOnMs } = service.quirks.power;
  const isPowerOn = type === "On" || type === "ForceOn";
  if (isPowerOn && settleBeforeOnMs > 0) await service.context.clock.sleep(settleBeforeOnMs, service.context.signal);
  try {
    await submit(service, known.target, type, isPowerOn);
  } catch (error) {
    if (!(error instanceof MediabayError) || !(await hasReached(parts, type, error))) throw error;
  }
};

/** Right after the host went off some refuse to switch it on (ActionParameterValueConflict). */
const submit = async (service: Service, path: string, type: ResetType, isPowerOn: boolean): Promise<void> => {
  const { clock, signal } = service.context;
  const deadline = clock.monotonic() + (isPowerOn ? service.quirks.power.conflictRetryMs : 0);
  for (;;) {
    const reply = await service.send({ method: "POST", path, body: { ResetType: type } });
    if (isOk(reply)) return settle(service, reply);
    if (reply.status !== 409 || clock.monotonic() >= deadline) throw service.refusal(reply);
    await clock.sleep(conflictIntervalMs, signal);
  }
};

/** A lost or refused answer does not matter where the machine is as wanted; a restart leaves nothing to tell it by. */
const hasReached = async (parts: Parts, type: ResetType, { context }: MediabayError): Promise<boolean> => {
  const wanted = ends[type];
  const isAnswered = context.status !== undefined || context["replyLost"] === true;
  return wanted !== undefined && isAnswered && wanted.includes(await readState(parts));
};

const resetOf = ({ learnt }: Knowledge): Reset => {
  if (learnt.reset !== undefined) return learnt.reset;
  throw new MediabayError("UNSUPPORTED_BY_BMC", "This system can no longer be reset.", { protocol: "redfish" });
};

const notAllowed = (type: ResetType, allowed: readonly string[]): MediabayError =>
  new MediabayError("UNSUPPORTED_BY_BMC", `This BMC does not offer the reset ${type}, only ${allowed.join(", ")}.`, {
    protocol: "redfish",
  });
