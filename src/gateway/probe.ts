// Is this BMC fit for virtual media? Reads only: identity, profile, slots, boot targets, power.
import type { Endpoint, Session } from "../core/driver.ts";
import type { ProbeReport } from "../core/gateway.ts";
import type { ProfileMatch } from "../core/ports.ts";
import type { Conversations } from "./connect.ts";

export const probeMachine = (
  conversations: Conversations,
  machineId: string,
  signal: AbortSignal,
): Promise<ProbeReport> =>
  conversations.converse(machineId, { signal, fresh: true }, ({ session, profile }) => report(session, profile));

export const probeEndpoint = (
  conversations: Conversations,
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<ProbeReport> => conversations.converseOnce(endpoint, signal, report);

const report = async (session: Session, profile: ProfileMatch): Promise<ProbeReport> => {
  const slots = session.media === undefined ? [] : await session.media.slots({ fresh: true });
  const boot =
    session.boot === undefined
      ? undefined
      : { override: await session.boot.override(), targets: await session.boot.targets() };
  const power =
    session.power === undefined
      ? undefined
      : { state: await session.power.state(), resetTypes: await session.power.resetTypes() };
  const usable = slots.some((slot) => slot.urlCapable);
  return {
    identity: session.identity,
    profile: { id: profile.id, why: profile.why },
    slots,
    ...(boot === undefined ? {} : { boot }),
    ...(power === undefined ? {} : { power }),
    can: { media: usable, boot: boot !== undefined, power: power !== undefined },
    exchanges: session.exchanges,
    warnings: [
      ...(usable ? [] : ["No slot of this BMC takes a URL: virtual media is absent, disabled or unlicensed."]),
      ...(boot === undefined ? ["This BMC offers no boot override."] : []),
    ],
  };
};
