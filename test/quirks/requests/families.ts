// What an attach costs every BMC family, one fixture each, by us and through sushy.
import type { Profiles } from "../../../src/core/ports.ts";
import type { Family } from "../families.ts";
import type { Stage } from "../rig.ts";
import { type Attached, measureOurs, type Refused } from "./ours.ts";
import { measureSushy, type SushyCount, type SushyFailure } from "./sushy.ts";

export interface Cost {
  readonly family: Family;
  readonly ours: Attached | Refused;
}

export const measureFamilies = (
  stage: Stage,
  profiles: Profiles,
  families: readonly Family[],
): Promise<readonly Cost[]> =>
  Promise.all(families.map(async (family) => ({ family, ours: await measureOurs(stage, family.fixture, profiles) })));

/** sushy is given an https image only where the BMC takes no other. */
const schemeFor = ({ ours }: Cost): string =>
  "refusal" in ours || ours.transports.includes("http") ? "http" : "https";

/** By fixture. */
export const measureThroughSushy = (
  stage: Stage,
  profiles: Profiles,
  costs: readonly Cost[],
): Promise<ReadonlyMap<string, SushyCount | SushyFailure>> =>
  measureSushy(
    stage,
    profiles,
    costs.map((cost) => ({ fixture: cost.family.fixture, scheme: schemeFor(cost) })),
  );
