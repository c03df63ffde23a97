// Fixtures of a single test: the standard service with some resources changed, in a folder that is gone afterwards.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export type Resources = Record<string, Record<string, unknown>>;

export const standardResources = (): Resources =>
  JSON.parse(readFileSync(join(import.meta.dirname, "../../fixtures/dmtf/two-slot-1.0/resources.json"), "utf8"));

/** A fixture folder that is gone after the test. */
export const fixtureOf = (resources: Resources, personality: object = {}): string => {
  const folder = mkdtempSync(join(tmpdir(), "fixture-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "resources.json"), JSON.stringify(resources));
  writeFileSync(join(folder, "personality.json"), JSON.stringify(personality));
  return folder;
};

/** The standard service with properties added to resources, by URI; a URI that it lacks is added. */
export const standardWith = (changes: Resources, personality: object = {}): string => {
  const resources = standardResources();
  for (const [uri, properties] of Object.entries(changes)) {
    const type = { "@odata.type": "#OemThing.v1_0_0.OemThing", Id: uri.split("/").at(-1), Name: "OEM" };
    resources[uri] = { ...(resources[uri] ?? type), ...properties };
  }
  return fixtureOf(resources, personality);
};
