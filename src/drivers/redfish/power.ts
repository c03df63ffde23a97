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

/** Where each of these leads: reaching it is what counts, whether or not the BMC took the request well. */
const ends: Readonly<Partial<Record<ResetType, PowerState>>> = { On: "On", ForceOn: "On", ForceOff: "Off" };

/** Undefined where the system cannot be reset. */
export const createPower = (service: Service, knowledge: Knowledge): PowerDriver | undefined => {
  if (knowledge.learnt.reset === undefined) return undefined;

  const state = async (): Promise<PowerState> => {
    const { body } = await service.get(knowledge.learnt.systemPath);
    const { PowerState: shown } = computerSystem.parse(body);
    return powerStates.find((each) => each === shown) ?? "Unknown";
  };

  /** Some services list the types only in ActionInfo; they are read once. */
  const types = async (reset: Reset): Promise<readonly string[]> => {
    if (reset.types.length > 0 || reset.actionInfo === undefined) return reset.types;
    const { Parameters } = actionInfo.parse((await service.get(reset.actionInfo)).body);
    const found = Parameters.find(({ Name }) => Name === "ResetType")?.AllowableValues ?? [];
    knowledge.update({ reset: { target: reset.target, types: found } });
    return found;
  };

  const resetNow = async (type: ResetType): Promise<void> => {
    const reset = resetOf(knowledge);
    const allowed = await types(reset);
    if (allowed.length > 0 && !allowed.includes(type)) throw notAllowed(type, allowed);
    try {
      const reply = await service.send({ method: "POST", path: reset.target, body: { ResetType: type } });
      if (!isOk(reply)) throw service.refusal(reply);
      await settle(service, reply);
    } catch (error) {
      if (!(error instanceof MediabayError) || !(await hasReached(type, error))) throw error;
    }
  };

  /** A lost or refused answer does not matter where the machine is as wanted; a restart leaves nothing to tell it by. */
  const hasReached = async (type: ResetType, { context }: MediabayError): Promise<boolean> => {
    const wanted = ends[type];
    const isAnswered = context.status !== undefined || context["replyLost"] === true;
    return wanted !== undefined && isAnswered && (await state()) === wanted;
  };

  return {
    state: () => knowledge.revalidating(state),
    resetTypes: () =>
      knowledge.revalidating(async () => {
        const known = await types(resetOf(knowledge));
        return resetTypes.filter((type) => known.includes(type));
      }),
    reset: (type) => knowledge.revalidating(() => resetNow(type)),
  };
};

const resetOf = ({ learnt }: Knowledge): Reset => {
  if (learnt.reset !== undefined) return learnt.reset;
  throw new MediabayError("UNSUPPORTED_BY_BMC", "This system can no longer be reset.", { protocol: "redfish" });
};

const notAllowed = (type: ResetType, allowed: readonly string[]): MediabayError =>
  new MediabayError("UNSUPPORTED_BY_BMC", `This BMC does not offer the reset ${type}, only ${allowed.join(", ")}.`, {
    protocol: "redfish",
  });
