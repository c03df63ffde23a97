// Whose is the medium that a slot shows: of a live attachment of ours, left over from one that has ended, or somebody else's.
import type { Slot } from "../core/driver.ts";
import type { MachineRecord } from "../core/records.ts";
import type { GatewayDeps } from "./deps.ts";

export type Owned = Slot & { readonly attachmentId?: string; readonly leftover?: true };

/** By the URL that is shown; of what shows none, nothing can be told. A publication whose terms are over is its attachment's still. */
export const withOwner = (
  { publications }: Pick<GatewayDeps, "publications">,
  { id: machineId, endpoints }: Pick<MachineRecord, "id" | "endpoints">,
  slot: Slot,
): Owned => {
  const shown = slot.state?.inserted === true ? slot.state.image : undefined;
  if (shown === undefined) return slot;
  const publication = publications.list().find(({ url }) => url === shown);
  if (publication !== undefined)
    return publication.machineId === machineId ? { ...slot, attachmentId: publication.attachmentId } : slot;
  const hosts = [undefined, ...endpoints.map(({ imageHost }) => imageHost)];
  return hosts.some((host) => publications.isOurs(shown, host)) ? { ...slot, leftover: true } : slot;
};
