// Profile files in a temporary folder, as short as a test wants them.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

const evidence = { source: "a test", date: "2026-11-24", firmwareSeen: "1.0", confidence: "measured" };

/** A quirk with its reason and evidence. */
export const quirk = (value: unknown, why = "a reason") => ({ value, why, evidence });

/** `{ http: { maxInFlight: 2 } }` → the `protocols` of a profile. */
export const redfish = (sections: Readonly<Record<string, Readonly<Record<string, unknown>>>>) => ({
  redfish: Object.fromEntries(
    Object.entries(sections).map(([section, keys]) => [
      section,
      Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, quirk(value)])),
    ]),
  ),
});

/** Writes `<id>.json` for each; what a profile must have and the test does not say is filled in. Deleted after the test. */
export const profileFolder = async (profiles: Readonly<Record<string, object>>): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "mediabay-profiles-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [id, profile] of Object.entries(profiles)) {
    const file = join(folder, `${id}.json`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify({ schemaVersion: 1, id, title: id, ...profile }));
  }
  return folder;
};
