// Each BMC family with its own profile does what an operator asks of it; and each quirk of each profile is there for a reason: without
// it a story ends badly on a simulated BMC of that family.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Profiles } from "../../src/core/ports.ts";
import { understand } from "./answers.ts";
import {
  genericOnly,
  isRule,
  placesOf,
  profileIds,
  profilesWithout,
  type QuirkPlace,
  wholeProfiles,
} from "./deletions.ts";
import { families } from "./families.ts";
import { storiesOf, tell } from "./outcome.ts";
import { setStage, type Stage } from "./rig.ts";
import { asShipped, spoiltWithout, verdict, wantedCode } from "./verdicts.ts";

let stage: Stage;
let profiles: Profiles;
let generic: Profiles;

beforeAll(async () => {
  [stage, profiles, generic] = await Promise.all([setStage(), wholeProfiles(), genericOnly()]);
});

afterAll(() => stage?.images.close());

const all = await families();

describe.each(all)("$fixture", (family) => {
  const { expected } = family;

  test.each(storiesOf(family).map((story) => [story, wantedCode(family, story)] as const))(
    "%s: %s with its own profile",
    async (story, wanted) => {
      expect(await asShipped(stage, family, story, profiles)).toMatchObject({ code: wanted });
    },
  );

  test.each(Object.entries(expected.bites))("without %s a story ends badly", async (name, { story, fails }) => {
    const without = await profilesWithout({ profile: expected.profile, name });
    const shipped = await asShipped(stage, family, story, profiles);
    expect(verdict(await tell(stage, family, story, without), shipped)).toBe(fails);
  });
});

test.each(all.filter(({ expected }) => expected.answers.length > 0))(
  "the refusals of $fixture are understood",
  async (family) => {
    const { answers } = family.expected;
    const told = answers.map(({ code, action }) => ({ code, ...(action === undefined ? {} : { action }) }));
    expect(await understand(stage, family, profiles)).toMatchObject(told);
  },
);

const allPlaces = async (): Promise<readonly QuirkPlace[]> =>
  (await Promise.all((await profileIds()).map(placesOf))).flat();

test("every error rule of every profile changes what is made of a refusal", async () => {
  const idle: string[] = [];
  for (const place of (await allPlaces()).filter(isRule)) {
    if ((await spoiltWithout(stage, all, place, profiles)).length === 0) idle.push(`${place.profile} ${place.name}`);
  }
  expect(idle).toEqual([]);
}, 120_000);

const bitten = all.filter(({ expected }) => Object.keys(expected.bites).length > 0);

test.each([...new Set(bitten.map(({ expected }) => expected.profile))])(
  "a BMC of %s ends a story badly with the generic profile alone",
  async (profile) => {
    const worse: string[] = [];
    for (const family of bitten.filter(({ expected }) => expected.profile === profile)) {
      for (const story of storiesOf(family)) {
        const shipped = await asShipped(stage, family, story, profiles);
        if (verdict(await tell(stage, family, story, generic), shipped) !== undefined) worse.push(story);
      }
    }
    expect(worse).not.toEqual([]);
  },
);

test("every quirk of every profile bites somewhere", async () => {
  const places = (await allPlaces()).filter((place) => !isRule(place));
  const bitten = new Set(
    all.flatMap(({ expected }) => Object.keys(expected.bites).map((name) => `${expected.profile} ${name}`)),
  );
  const toothless = places.map(({ profile, name }) => `${profile} ${name}`).filter((quirk) => !bitten.has(quirk));

  expect(toothless).toEqual([]);
});
