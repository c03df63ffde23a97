// What a slot needs before a medium is put into it: a stale handle out of the way, our CA, a flag that cannot change afterwards.
import { createHash } from "node:crypto";
import type { Medium } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import type { LearntSlot } from "../memory.ts";
import { isOk } from "../service/message.ts";
import { runSteps } from "../service/steps.ts";
import { settle } from "../service/task.ts";
import { requestEject } from "./eject.ts";
import { type MediaParts, mediumValues } from "./parts.ts";

/** The slot is known to be empty. */
export const beforeInsert = async (parts: MediaParts, slot: LearntSlot, medium: Medium): Promise<void> => {
  const { service } = parts;
  const { ejectFirst, before, certificate } = service.quirks.insert;
  if (ejectFirst) await clear(parts, slot);
  if (certificate === "collection") await trustUs(parts, slot, medium);
  await runSteps(service, before, mediumValues(parts, slot, medium));
};

/** An eject of a slot that shows empty: its refusal is what is to be expected. */
export const clear = async (parts: MediaParts, slot: LearntSlot): Promise<void> => {
  try {
    await requestEject(parts, slot);
  } catch (error) {
    if (!(error instanceof MediabayError) || error.context.status === undefined) throw error;
  }
  const { clock, signal } = parts.service.context;
  const { settleMs } = parts.service.quirks.eject;
  if (settleMs > 0) await clock.sleep(settleMs, signal);
};

const conflict = 409;

const fingerprintOf = (ca: string): string => createHash("sha256").update(ca).digest("hex");

/** Where our CA is still to be put for this medium (DSP0268 VirtualMedia.Certificates). */
export const untrusted = (slot: LearntSlot, { url, ca }: Medium): { path: string; ca: string } | undefined => {
  if (ca === undefined || !url.startsWith("https:") || slot.certificates === undefined) return undefined;
  return slot.trusts === fingerprintOf(ca) ? undefined : { path: slot.certificates, ca };
};

/** A 409 says that there is one already. */
const trustUs = async ({ service, slots }: MediaParts, slot: LearntSlot, medium: Medium): Promise<void> => {
  const needed = untrusted(slot, medium);
  if (needed === undefined) return;
  const body = { CertificateString: needed.ca, CertificateType: "PEM" };
  const reply = await service.send({ method: "POST", path: needed.path, body });
  if (!isOk(reply) && reply.status !== conflict) throw service.refusal(reply);
  await settle(service, reply);
  slots.learn(slot.id, { trusts: fingerprintOf(needed.ca) });
};
