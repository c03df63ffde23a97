// `npm run test:quirks`: deletes each quirk from its profile in turn and tells the stories of its family's fixtures. A quirk whose
// absence spoils nothing is a failure. With `--write`, notes in each fixture's expected.json how the quirk bites there.
// Words pick profiles: `npm run test:quirks -- dell`.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isRule, placesOf, profileIds, wholeProfiles } from "./deletions.ts";
import { type Expected, families, type Family, fixturesDir } from "./families.ts";
import { setStage } from "./rig.ts";
import { type Spoilt, spoiltWithout } from "./verdicts.ts";

const write = process.argv.includes("--write");
const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const picked = (id: string): boolean => words.length === 0 || words.some((word) => id.includes(word));

type Bites = Record<string, { readonly story: string; readonly fails: string }>;
const bites = new Map<string, Bites>();

const note = (name: string, spoilt: readonly Spoilt[]): void => {
  // A story that ends badly says more than one that costs more.
  const telling = spoilt.toSorted((a, b) => Number(a.fails === "COSTS_MORE") - Number(b.fails === "COSTS_MORE"));
  for (const { fixture, story, fails } of telling) {
    const own = bites.get(fixture) ?? {};
    own[name] ??= { story, fails };
    bites.set(fixture, own);
  }
};

const writeBites = async ({ fixture, expected }: Family): Promise<void> => {
  const path = join(fixturesDir, fixture, "expected.json");
  const raw = JSON.parse(await readFile(path, "utf8")) as Partial<Expected>;
  const own = bites.get(fixture) ?? {};
  const next = {
    profile: expected.profile,
    ...(raw.stories && { stories: raw.stories }),
    ...(raw.variants && { variants: raw.variants }),
    ...(raw.answers && { answers: raw.answers }),
    bites: own,
  };
  await writeFile(path, `${JSON.stringify(next, null, 2)}\n`);
};

const stage = await setStage();
const all = await families();
const shipped = await wholeProfiles();
let deleted = 0;
const unnoticed: string[] = [];
for (const id of (await profileIds()).filter(picked)) {
  for (const place of await placesOf(id)) {
    const spoilt = await spoiltWithout(stage, all, place, shipped);
    const first = spoilt.find(({ fails }) => fails !== "COSTS_MORE") ?? spoilt[0];
    deleted += 1;
    if (!isRule(place)) note(place.name, spoilt);
    if (first === undefined) unnoticed.push(`${id} ${place.name}`);
    const said = first === undefined ? "UNNOTICED" : `${first.story} of ${first.fixture} ends with ${first.fails}`;
    process.stdout.write(`${first === undefined ? "! " : "  "}${id} ${place.name}: ${said}\n`);
  }
}
if (write) for (const family of all.filter(({ expected }) => picked(expected.profile))) await writeBites(family);
await stage.images.close();
process.stdout.write(`\n${deleted} quirks deleted in turn, ${unnoticed.length} unnoticed\n`);
for (const quirk of unnoticed) process.stdout.write(`  ${quirk}\n`);
process.exitCode = unnoticed.length === 0 ? 0 : 1;
