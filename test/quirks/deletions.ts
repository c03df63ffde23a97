// The shipped profiles with single quirks deleted from their files: what a BMC family is without that quirk.
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Profiles } from "../../src/core/ports.ts";
import { createProfiles } from "../../src/profiles/index.ts";

export const vendorsDir = fileURLToPath(new URL("../../vendors", import.meta.url));

const quirk = z.looseObject({ value: z.json() });
const sections = z.record(z.string(), z.record(z.string(), quirk));
const protocols = z.record(z.string(), sections);
const file = z.looseObject({
  id: z.string(),
  protocols: protocols.default({}),
  firmware: z.array(z.looseObject({ when: z.looseObject({}), protocols })).default([]),
});
type ProfileJson = z.output<typeof file>;

/** One quirk of one file, where it stands. */
export interface QuirkPlace {
  readonly profile: string;
  /** `redfish.insert.always`; behind an `@`, the number of the firmware range that holds it; behind a `#`, one rule of a list. */
  readonly name: string;
}

interface Found extends QuirkPlace {
  delete(): void;
}

const rules = z.looseObject({ value: z.array(z.looseObject({ match: z.looseObject({}) })).min(1) });

/** A quirk, and, where it is a list of rules, each of them. */
const partsOf = (profile: string, name: string, section: Record<string, unknown>, key: string): readonly Found[] => {
  const parsed = rules.safeParse(section[key]);
  const count = parsed.success ? parsed.data.value.length : 0;
  const single = Array.from({ length: count }, (_, index) => ({
    profile,
    name: `${name}#${index}`,
    delete: () => {
      section[key] = { ...rules.parse(section[key]), value: rules.parse(section[key]).value.toSpliced(index, 1) };
    },
  }));
  const whole = { profile, name, delete: () => void delete section[key] };
  return [whole, ...single];
};

const quirksOf = (json: ProfileJson): readonly Found[] => {
  const layers = [
    { layer: json.protocols, suffix: "" },
    ...json.firmware.map((range, index) => ({ layer: range.protocols, suffix: `@${index}` })),
  ];
  return layers.flatMap(({ layer, suffix }) =>
    Object.entries(layer).flatMap(([protocol, own]) =>
      Object.entries(own).flatMap(([section, keys]) =>
        Object.keys(keys).flatMap((key) => partsOf(json.id, `${protocol}.${section}.${key}${suffix}`, keys, key)),
      ),
    ),
  );
};

const readProfile = async (id: string, folder = vendorsDir): Promise<ProfileJson> =>
  file.parse(JSON.parse(await readFile(join(folder, `${id}.json`), "utf8")));

export const profileIds = async (): Promise<readonly string[]> => {
  const paths = await readdir(vendorsDir, { recursive: true });
  return paths
    .filter((path) => path.endsWith(".json"))
    .map((path) => path.slice(0, -".json".length))
    .toSorted();
};

export const placesOf = async (id: string): Promise<readonly QuirkPlace[]> =>
  quirksOf(await readProfile(id)).map(({ profile, name }) => ({ profile, name }));

/** One rule of a list: judged by what the driver makes of the family's answers. */
export const isRule = ({ name }: QuirkPlace): boolean => name.includes("#");

/** All shipped profiles as they are. */
export const wholeProfiles = (): Promise<Profiles> => createProfiles({ vendorsDir });

/** All shipped profiles, one of them without one quirk. */
export const profilesWithout = async ({ profile, name }: QuirkPlace): Promise<Profiles> => {
  const folder = await mkdtemp(join(tmpdir(), "mediabay-vendors-"));
  try {
    await cp(vendorsDir, folder, { recursive: true });
    const json = await readProfile(profile);
    const found = quirksOf(json).find((each) => each.name === name);
    if (found === undefined) throw new Error(`${profile} has no quirk ${name}`);
    found.delete();
    await writeFile(join(folder, `${profile}.json`), JSON.stringify(json));
    return await createProfiles({ vendorsDir: folder });
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** No profile but the generic one. */
export const genericOnly = async (): Promise<Profiles> => {
  const folder = await mkdtemp(join(tmpdir(), "mediabay-vendors-"));
  try {
    await cp(join(vendorsDir, "generic.json"), join(folder, "generic.json"));
    return await createProfiles({ vendorsDir: folder });
  } finally {
    await rm(folder, { recursive: true });
  }
};
