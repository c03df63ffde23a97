// What an insert would send, told without sending it. Decided by the same functions that an insert uses.
import type { Medium } from "../../../core/driver.ts";
import type { InsertPlan, PlannedRequest } from "../../../core/media.ts";
import type { LearntSlot } from "../memory.ts";
import { pendingSteps } from "../service/steps.ts";
import { untrusted } from "./before-insert.ts";
import { methodFor } from "./eject.ts";
import { type Way, wayInto } from "./insert-request.ts";
import { checkMedium } from "./medium.ts";
import { declared, extrasFor, firstBody } from "./parameters.ts";
import { type MediaParts, mediumValues, slotValues } from "./parts.ts";

/** @throws MediabayError UNSUPPORTED_BY_BMC, IMAGE_TOO_LARGE */
export const planInsert = async (parts: MediaParts, slotId: string, medium: Medium): Promise<InsertPlan> => {
  const { quirks } = parts.service;
  checkMedium(medium, quirks);
  const slot = await declared(parts, slotId);
  const way = wayInto(slot, quirks);
  const before = await requestsBefore(parts, slot, medium);
  if (way.method === "OEM") {
    const values = mediumValues(parts, slot, medium);
    const requests = [...before, ...(await pendingSteps(parts.service, quirks.insert.recipe ?? [], values))];
    return { method: "recipe", requests, parameters: [] };
  }
  return {
    method: way.method === "POST" ? "action" : "patch",
    requests: [...before, { method: way.method, path: way.path }],
    parameters: parametersFor(parts, slot, way.method, medium),
  };
};

const parametersFor = (
  parts: MediaParts,
  slot: LearntSlot,
  method: Exclude<Way["method"], "OEM">,
  medium: Medium,
): readonly string[] => {
  const { Image: _image, ...others } = firstBody(parts, slot, method, medium.url, extrasFor(parts, slot, medium));
  return Object.keys(others);
};

/** In the order of `beforeInsert`. */
const requestsBefore = async (
  parts: MediaParts,
  slot: LearntSlot,
  medium: Medium,
): Promise<readonly PlannedRequest[]> => {
  const { ejectFirst, before, certificate } = parts.service.quirks.insert;
  const needed = certificate === "collection" ? untrusted(slot, medium) : undefined;
  return [
    ...(ejectFirst ? await ejectRequests(parts, slot) : []),
    ...(needed === undefined ? [] : [{ method: "POST", path: needed.path } as const]),
    ...(await pendingSteps(parts.service, before, mediumValues(parts, slot, medium))),
  ];
};

const ejectRequests = async (parts: MediaParts, slot: LearntSlot): Promise<readonly PlannedRequest[]> => {
  const { quirks } = parts.service;
  const method = methodFor(slot, quirks);
  if (method === "oem") return pendingSteps(parts.service, quirks.eject.recipe ?? [], slotValues(parts, slot));
  if (method === "patch") return [{ method: "PATCH", path: slot.path }];
  return slot.ejectTarget === undefined ? [] : [{ method: "POST", path: slot.ejectTarget }];
};
