// Whose is the medium that a slot shows: of a live attachment of ours, left over from one that has ended, or somebody else's.
import { createHash } from "node:crypto";
import type { Slot } from "../core/driver.ts";
import type { AttachmentRecord, MachineRecord } from "../core/records.ts";
import type { GatewayDeps } from "./deps.ts";
import { allWith } from "./attachments.ts";

/** `alike`: its URL looks like ours, but is under no address of ours, so that it may be another gateway's. */
export type Owned = Slot & { readonly attachmentId?: string; readonly leftover?: true; readonly alike?: true };

type Left = Pick<AttachmentRecord, "leftIn" | "leftMark">;

/** Its published URL is known by this, and cannot be made of it. */
export const leftAt = (slot: string, url: string | undefined): Left => ({
  leftIn: slot,
  ...(url === undefined ? {} : { leftMark: markOf(url) }),
});

export const nothingLeft = { leftIn: undefined, leftMark: undefined } as const;

const markOf = (url: string): string => createHash("sha256").update(url).digest("hex");

/** Those attachments of a machine that may have left a medium in. */
export const leftBehind = (
  { attachments }: Pick<GatewayDeps, "attachments">,
  machineId: string,
): Promise<readonly AttachmentRecord[]> => allWith(attachments, { machineId, has: "leftIn" });

/**
 * By the URL that is shown; of what shows none, nothing can be told. A publication whose terms are over is its attachment's still. What is
 * remembered as left behind is ours under whatever address it was published.
 */
export const withOwner = (
  { publications }: Pick<GatewayDeps, "publications">,
  { id: machineId, endpoints }: Pick<MachineRecord, "id" | "endpoints">,
  slot: Slot,
  left: readonly Left[],
): Owned => {
  const shown = slot.state?.inserted === true ? slot.state.image : undefined;
  if (shown === undefined) return slot;
  const publication = publications.list().find(({ url }) => url === shown);
  if (publication !== undefined)
    return publication.machineId === machineId ? { ...slot, attachmentId: publication.attachmentId } : slot;
  const hosts = [undefined, ...endpoints.map(({ imageHost }) => imageHost)];
  const mark = markOf(shown);
  const isRemembered = left.some(({ leftMark }) => leftMark === mark);
  if (isRemembered || hosts.some((host) => publications.isOurs(shown, host))) return { ...slot, leftover: true };
  return publications.isAlike(shown) ? { ...slot, alike: true } : slot;
};
