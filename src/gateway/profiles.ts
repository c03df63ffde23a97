// What is known of BMC families, and why a machine's BMC is handled as it is. Reads only.
import type { MachineProfile } from "../core/gateway.ts";
import type { PageRequest, ProfileSummary } from "../core/ports.ts";
import type { Page } from "../core/records.ts";
import type { Conversations } from "./connect.ts";
import type { GatewayDeps } from "./deps.ts";

/** The cursor is the last id of the page before. */
export const listProfiles = ({ profiles }: GatewayDeps, { limit, after = "" }: PageRequest): Page<ProfileSummary> => {
  const rest = profiles.list().filter(({ id }) => id > after);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return { items, ...(last !== undefined && rest.length > limit && { next: last.id }) };
};

/** Of what the BMC is known to be; one that was never spoken to is asked now. */
export const explainProfile = async (
  deps: GatewayDeps,
  conversations: Conversations,
  idOrName: string,
  signal: AbortSignal,
): Promise<MachineProfile> => {
  const machine = await deps.machines.get(idOrName);
  const identity =
    machine.identity ?? (await conversations.converse(machine.id, { signal }, async ({ session }) => session.identity));
  return { machine: machine.name, identity, ...deps.profiles.explain(identity) };
};
