// The request that inserts: the action, PATCH where that is the only way, or the recipe of a profile.
import type { Medium } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import type { LearntSlot } from "../memory.ts";
import type { RedfishQuirks } from "../quirks.ts";
import { patch } from "../service/conditional.ts";
import { isOk } from "../service/message.ts";
import { negotiate } from "../service/negotiate.ts";
import { runSteps } from "../service/steps.ts";
import { settle } from "../service/task.ts";
import { extrasFor, firstBody } from "./parameters.ts";
import { type MediaParts, mediumValues, mountOptions } from "./parts.ts";
import { isUrlCapable } from "./slot.ts";

export interface Way {
  readonly method: "POST" | "PATCH" | "OEM";
  readonly path: string;
}

/** @throws MediabayError UNSUPPORTED_BY_BMC */
export const wayInto = (slot: LearntSlot, quirks: RedfishQuirks): Way => {
  const { method } = quirks.insert;
  if (isUrlCapable(slot, quirks)) {
    if (method === "oem") return { method: "OEM", path: slot.path };
    if (method !== "patch" && slot.insertTarget !== undefined) return { method: "POST", path: slot.insertTarget };
    if (method !== "action" && (slot.patch === true || method === "patch")) {
      return { method: "PATCH", path: slot.path };
    }
  }
  throw new MediabayError("UNSUPPORTED_BY_BMC", `Slot ${slot.id} offers no way to insert a URL.`, {
    protocol: "redfish",
    slot: slot.id,
  });
};

/** Resolves when the BMC says that it is done. What it accepted is remembered for the next insert. */
export const requestInsert = async (parts: MediaParts, slot: LearntSlot, way: Way, medium: Medium): Promise<void> => {
  const { service, knowledge } = parts;
  const { method, path } = way;
  const options = mountOptions(service, medium.sizeBytes);
  if (method === "OEM") {
    return runSteps(service, service.quirks.insert.recipe ?? [], mediumValues(parts, slot, medium), options);
  }
  const extras = extrasFor(parts, slot, medium);
  const { reply, body } = await negotiate({
    send: (sent) =>
      method === "POST" ? service.send({ method, path, body: sent, ...options }) : patch(service, path, sent, options),
    body: firstBody(parts, slot, method, medium.url, extras),
    extras,
    essential: ["Image"],
    rules: service.quirks.errors.list,
  });
  if (!isOk(reply)) throw service.refusal(reply);
  const { Image: _image, ...accepted } = body;
  knowledge.update({ insertParameters: Object.keys(accepted) });
  await settle(service, reply);
};
