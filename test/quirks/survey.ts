// Prints how every story ends on every fixture, or on those whose name contains a word: `node test/quirks/survey.ts dell`.
import { families } from "./families.ts";
import { wholeProfiles } from "./deletions.ts";
import { storiesOf, tell } from "./outcome.ts";
import { setStage } from "./rig.ts";
import { wantedCode } from "./verdicts.ts";

const words = process.argv.slice(2);
const stage = await setStage();
const profiles = await wholeProfiles();
for (const family of await families()) {
  const { fixture, expected } = family;
  if (words.length > 0 && !words.some((word) => fixture.includes(word))) continue;
  process.stdout.write(`${fixture} (${expected.profile})\n`);
  for (const story of storiesOf(family)) {
    const wanted = wantedCode(family, story);
    const { code, message, requests } = await tell(stage, family, story, profiles);
    const mark = code === wanted ? "  " : "! ";
    process.stdout.write(`  ${mark}${story.padEnd(13)} ${code} ${requests} ${message}\n`);
  }
}
await stage.images.close();
