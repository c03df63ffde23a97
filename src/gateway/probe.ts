// Is this BMC fit for virtual media, and what would an attach do? Reads only: identity, profile, slots, boot targets, power.
import type { BootDriver, Endpoint, PowerDriver, Session, Slot } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { PowerView } from "../core/gateway.ts";
import type { ProfileMatch } from "../core/ports.ts";
import type { ProbeProfile, ProbeReport, ProbeSlot } from "../core/probe.ts";
import { type BootTarget, type MediaType, mediaTypes } from "../core/vocabulary.ts";
import { type Conversations, hostOf } from "./connect.ts";
import type { GatewayDeps } from "./deps.ts";
import { fitnessOf, plansFor, type Scene, slotUrl, switchedOff } from "./forecast.ts";
import { slotsOfOurs } from "./insert.ts";
import { type Reach, reachOf } from "./publish.ts";

type ProbeDeps = Pick<GatewayDeps, "attachments" | "profiles" | "publications" | "imageCa">;

export const probeMachine = (
  deps: ProbeDeps,
  conversations: Conversations,
  machineId: string,
  signal: AbortSignal,
): Promise<ProbeReport> =>
  conversations.converse(machineId, { signal, fresh: true }, async ({ session, profile, ...conversation }) =>
    report(deps, session, profile, { reach: reachOf(conversation), ours: await slotsOfOurs(deps, machineId) }),
  );

export const probeEndpoint = (
  deps: ProbeDeps,
  conversations: Conversations,
  endpoint: Endpoint,
  { signal, imageHost }: { readonly signal: AbortSignal; readonly imageHost?: string | undefined },
): Promise<ProbeReport> => {
  const reach = { bmcHost: hostOf(endpoint.address), ...(imageHost === undefined ? {} : { imageHost }) };
  return conversations.converseOnce(endpoint, signal, (session, profile) =>
    report(deps, session, profile, { reach, ours: new Set() }),
  );
};

const report = async (
  deps: ProbeDeps,
  session: Session,
  profile: ProfileMatch,
  place: { readonly reach: Reach; readonly ours: ReadonlySet<string> },
): Promise<ProbeReport> => {
  const slots = (await session.media?.slots({ fresh: true })) ?? [];
  const preparation = (await session.media?.preparation?.()) ?? [];
  const boot = session.boot === undefined ? undefined : await bootOf(session.boot);
  const power = session.power === undefined ? undefined : await powerOf(session.power);
  const scene: Scene = {
    deps,
    session,
    ...place,
    slots,
    preparation,
    ...(power === undefined ? {} : { power: power.state }),
  };
  const plans = await plansFor(scene);
  const { noneHint: _hint, ...limits } = session.media?.rules ?? {};
  const can = {
    media: slots.some((slot) => slot.urlCapable),
    boot: boot !== undefined,
    power: power !== undefined,
  };
  return {
    fitness: fitnessOf(plans),
    identity: session.identity,
    profile: profileOf(deps, session, profile),
    slots: await withUrls(scene, slots),
    limits,
    ...(boot === undefined ? {} : { boot }),
    ...(power === undefined ? {} : { power }),
    can,
    preparation,
    plans,
    exchanges: session.exchanges,
    warnings: warningsFor(scene, can),
  };
};

const powerOf = async (power: PowerDriver): Promise<PowerView> => ({
  state: await power.state(),
  resetTypes: await power.resetTypes(),
});

const bootOf = async (boot: BootDriver): Promise<NonNullable<ProbeReport["boot"]>> => {
  const bootsFrom: Partial<Record<MediaType, BootTarget>> = {};
  for (const type of mediaTypes) {
    const target = await boot.targetFor(type).catch(unlessUnsupported);
    if (target !== undefined) bootsFrom[type] = target;
  }
  return { override: await boot.override(), targets: await boot.targets(), bootsFrom };
};

const unlessUnsupported = (error: unknown): undefined => {
  if (!(error instanceof MediabayError) || error.code !== "UNSUPPORTED_BY_BMC") throw error;
};

const profileOf = ({ profiles }: ProbeDeps, { identity }: Session, { why }: ProfileMatch): ProbeProfile => {
  const { id, title, rule, confidence, notes } = profiles.explain(identity);
  return {
    id,
    title,
    ...(rule === undefined ? {} : { rule }),
    ...(confidence === undefined ? {} : { confidence }),
    notes,
    why,
  };
};

const withUrls = async (scene: Scene, slots: readonly Slot[]): Promise<readonly ProbeSlot[]> => {
  const { media } = scene.session;
  const shown: ProbeSlot[] = [];
  for (const slot of slots) {
    const takesUrl = media !== undefined && slot.urlCapable;
    shown.push(takesUrl ? { ...slot, url: await slotUrl(scene, media, slot.id) } : slot);
  }
  return shown;
};

const noSlot = "No slot of this BMC takes a URL: virtual media is absent, disabled or unlicensed.";

const warningsFor = ({ session, preparation }: Scene, can: ProbeReport["can"]): readonly string[] => {
  const noneHint = session.media?.rules?.noneHint;
  const isOff = !can.media && preparation.length > 0;
  return [
    ...(isOff ? [switchedOff] : can.media ? [] : [noSlot, ...(noneHint === undefined ? [] : [noneHint])]),
    ...(can.boot ? [] : ["This BMC offers no boot override."]),
  ];
};
