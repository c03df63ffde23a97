// Whether a slot takes an insert or an eject at this moment: licence, gates, POST, occupancy, and the rest it needs after an eject.
import type { SimulatorClock } from "../../clock.ts";
import { RedfishFailure } from "../http/failure.ts";
import type { Personality } from "../personality/index.ts";
import type { World } from "../resources/world.ts";
import type { Slot } from "./slot.ts";
import { slotRules } from "./slot-rules.ts";

export interface AdmissionContext {
  readonly personality: Personality;
  readonly clock: SimulatorClock;
  readonly world: World;
}

const refuseInPost = ({ personality, world }: AdmissionContext, slot: Slot, what: "insert" | "eject"): void => {
  if (personality.power.postRefuses.includes(what) && world.inPost(slot.systems))
    throw new RedfishFailure(400, "ResourceInUse", { condition: "inPost" });
};

/** What the slot refuses whatever the request says. @throws RedfishFailure */
export const admitRequest = (context: AdmissionContext, slot: Slot, uri: string): void => {
  const { media } = context.personality;
  const { takesUrl, refusal } = slotRules(media, uri);
  if (!media.licensed) throw new RedfishFailure(403, "InsufficientPrivilege", { condition: "unlicensed" });
  if (!takesUrl) throw new RedfishFailure(405, "OperationNotAllowed", { condition: "slotRefused", reply: refusal });
  if (context.world.isShut("insert-refused", uri))
    throw new RedfishFailure(400, "ResourceInUse", { condition: "disabled" });
  refuseInPost(context, slot, "insert");
};

/** What the slot's state, or another slot's, refuses. @throws RedfishFailure */
export const admitMedium = (context: AdmissionContext, slot: Slot, all: readonly Slot[]): void => {
  const { maxInserted, occupied, reinsertAfterMs } = context.personality.media;
  if (slot.busy) throw new RedfishFailure(400, "ResourceInUse", { condition: "slotBusy" });
  if (slot.held !== undefined && occupied === "refused")
    throw new RedfishFailure(400, "ResourceInUse", { condition: "occupied" });
  const others = all.filter((other) => other !== slot && (other.held !== undefined || other.busy)).length;
  if (maxInserted > 0 && others >= maxInserted) throw new RedfishFailure(400, "ResourceInUse", { condition: "full" });
  if (context.clock.now() - slot.ejectedAt < reinsertAfterMs)
    throw new RedfishFailure(503, "ResourceInUse", { condition: "tooSoon" });
};

/** @throws RedfishFailure */
export const admitEject = (context: AdmissionContext, slot: Slot): void => {
  const { ejectEmpty, detachMs } = context.personality.media;
  refuseInPost(context, slot, "eject");
  if (slot.busy) throw new RedfishFailure(400, "ResourceInUse", { condition: "slotBusy" });
  if (context.clock.now() - slot.ejectedAt < detachMs)
    throw new RedfishFailure(500, "InternalError", { condition: "detaching" });
  if (slot.held === undefined && ejectEmpty === "refused")
    throw new RedfishFailure(400, "NoOperation", { condition: "nothingInserted" });
};
