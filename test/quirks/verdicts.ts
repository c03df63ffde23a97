// What deleting one quirk does to the stories of a family's fixtures.
import type { Profiles } from "../../src/core/ports.ts";
import { understand } from "./answers.ts";
import { isRule, profilesWithout, type QuirkPlace } from "./deletions.ts";
import type { Family } from "./families.ts";
import { type Outcome, storiesOf, tell } from "./outcome.ts";
import type { Stage } from "./rig.ts";
import { rightCodes, type StoryName } from "./stories.ts";

/** How a story must end on a fixture with the shipped profiles. */
export const wantedCode = ({ expected }: Family, story: StoryName): string =>
  expected.stories[story] ?? rightCodes[story] ?? "ok";

export interface Spoilt {
  readonly fixture: string;
  readonly story: StoryName | "answers";
  readonly fails: string;
}

/** How a story with a quirk deleted compares with the same one as it should be: undefined when nothing got worse. */
export const verdict = (outcome: Outcome, asItShouldBe: Outcome): string | undefined => {
  if (outcome.code !== asItShouldBe.code) return outcome.code;
  if (outcome.hint !== asItShouldBe.hint) return "LOSES_HINT";
  return outcome.requests > asItShouldBe.requests ? "COSTS_MORE" : undefined;
};

const whole = new Map<string, Promise<Outcome>>();

/** The story with the shipped profiles, told once. */
export const asShipped = (stage: Stage, family: Family, story: StoryName, shipped: Profiles): Promise<Outcome> => {
  const key = `${family.fixture} ${story}`;
  const told = whole.get(key) ?? tell(stage, family, story, shipped);
  whole.set(key, told);
  return told;
};

const spoiltOn = async (
  stage: Stage,
  family: Family,
  profiles: Profiles,
  shipped: Profiles,
): Promise<readonly Spoilt[]> => {
  const spoilt: Spoilt[] = [];
  for (const story of storiesOf(family)) {
    const fails = verdict(await tell(stage, family, story, profiles), await asShipped(stage, family, story, shipped));
    if (fails !== undefined) spoilt.push({ fixture: family.fixture, story, fails });
  }
  return spoilt;
};

/** Families of which an answer is no longer understood as it is with the shipped profiles. */
const misunderstood = async (
  stage: Stage,
  families: readonly Family[],
  profiles: Profiles,
  shipped: Profiles,
): Promise<readonly Spoilt[]> => {
  const spoilt: Spoilt[] = [];
  for (const family of families) {
    const [without, whole] = [await understand(stage, family, profiles), await understand(stage, family, shipped)];
    const index = whole.findIndex((each, at) => JSON.stringify(each) !== JSON.stringify(without[at]));
    if (index >= 0) spoilt.push({ fixture: family.fixture, story: "answers", fails: without[index]?.code ?? "" });
  }
  return spoilt;
};

/** Every story of its family that ends otherwise once the quirk is deleted from its file. */
export const spoiltWithout = async (
  stage: Stage,
  families: readonly Family[],
  place: QuirkPlace,
  shipped: Profiles,
): Promise<readonly Spoilt[]> => {
  const profiles = await profilesWithout(place);
  const own = families.filter(({ expected }) => expected.profile === place.profile);
  if (isRule(place)) return misunderstood(stage, own, profiles, shipped);
  return (await Promise.all(own.map((family) => spoiltOn(stage, family, profiles, shipped)))).flat();
};
