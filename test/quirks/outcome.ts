// How a story ends on a fixture with given profiles.
import type { Profiles } from "../../src/core/ports.ts";
import type { PersonalityOverrides } from "../../src/simulators/redfish/index.ts";
import type { Family } from "./families.ts";
import { failureOf, openRig, type Stage } from "./rig.ts";
import { siteOf, special, stories, type StoryName } from "./stories.ts";

export interface Outcome {
  /** `ok`, an error code, or PROMISE_BROKEN. */
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** Requests to the BMC. */
  readonly requests: number;
}

/** The stories that can be told of a family. */
export const storiesOf = ({ expected }: Family): readonly StoryName[] =>
  (Object.keys(stories) as StoryName[]).filter((story) => !special.has(story) || story in expected.variants);

export const tell = async (stage: Stage, family: Family, story: StoryName, profiles: Profiles): Promise<Outcome> => {
  const { fixture, expected } = family;
  const overrides = expected.variants[story] as PersonalityOverrides | undefined;
  const rig = await openRig(stage, { fixture, overrides, profiles, site: siteOf(story) });
  try {
    await stories[story](rig);
    return { code: "ok", message: "", hint: "", requests: rig.bmc.requests().length };
  } catch (error) {
    return { ...failureOf(error), requests: rig.bmc.requests().length };
  } finally {
    await rig.close();
  }
};
