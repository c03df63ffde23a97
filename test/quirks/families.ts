// What each fixture of a BMC family is expected to do with its own profile, and which story a quirk's absence spoils: expected.json.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { errorTable } from "../../src/core/errors.ts";
import { stories, type StoryName } from "./stories.ts";

export const fixturesDir = fileURLToPath(new URL("../../fixtures", import.meta.url));

const isStory = (name: string): name is StoryName => name in stories;
const story = z.string().refine(isStory, { error: "is no story" });
/** Beside our error codes: reported as done and not so; alike, but with more requests to the BMC; alike, but without its hint. */
const otherEnds: readonly string[] = ["PROMISE_BROKEN", "COSTS_MORE", "LOSES_HINT"];
const code = z.string().refine((name) => name in errorTable || otherEnds.includes(name), { error: "is no code" });

const expected = z.strictObject({
  /** The profile that must match this fixture. */
  profile: z.string(),
  /** Stories that end otherwise than well with the family's own profile, because the hardware cannot: the code of the refusal. */
  stories: z.partialRecord(story, code).default({}),
  /** By story: how the BMC's personality differs in it. */
  variants: z.partialRecord(story, z.record(z.string(), z.json())).default({}),
  /** Refusals that this BMC is known for, and what they mean to us. */
  answers: z
    .array(
      z.strictObject({
        status: z.int(),
        id: z.string().optional(),
        text: z.string().default(""),
        code: z.string().refine((name) => name in errorTable, { error: "is no code" }),
        action: z.string().optional(),
      }),
    )
    .default([]),
  /** By quirk: a story that ends otherwise without it, and how. */
  bites: z.record(z.string(), z.strictObject({ story, fails: code })).default({}),
});
export type Expected = z.output<typeof expected>;

export interface Family {
  /** `<vendor>/<product>-<firmware>`, a folder of fixtures/. */
  readonly fixture: string;
  readonly expected: Expected;
}

const isFixture = async (path: string): Promise<boolean> =>
  (await readdir(join(fixturesDir, path))).includes("expected.json");

/** Every fixture that has an expected.json, in order. */
export const families = async (): Promise<readonly Family[]> => {
  const vendors = (await readdir(fixturesDir, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const paths = await Promise.all(
    vendors.map(async ({ name }) =>
      (await readdir(join(fixturesDir, name), { withFileTypes: true }))
        .filter((entry) => entry.isDirectory())
        .map((entry) => `${name}/${entry.name}`),
    ),
  );
  const found: Family[] = [];
  for (const fixture of paths.flat().toSorted()) {
    if (!(await isFixture(fixture))) continue;
    const text = await readFile(join(fixturesDir, fixture, "expected.json"), "utf8");
    found.push({ fixture, expected: expected.parse(JSON.parse(text)) });
  }
  return found;
};
