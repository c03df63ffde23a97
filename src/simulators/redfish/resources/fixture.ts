// Fixtures: what a simulated product shows and how it behaves. One that is read is shared by all simulators of it, however many.
import { readdir, readFile, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type GrowingTree, type SlotPlace, slotPlaces } from "../media/slot-places.ts";
import { type Personality, type PersonalityOverrides, readPersonality } from "../personality/index.ts";
import { isObject, type Json, plainUri, type Resource, type Tree } from "./tree.ts";

export interface Fixture {
  readonly tree: Tree;
  readonly personality: Personality;
  readonly places: readonly SlotPlace[];
}

const fixturesFolder = fileURLToPath(new URL("../../../../fixtures/", import.meta.url));

const resourcesSchema = z.record(z.string().startsWith("/redfish"), z.record(z.string(), z.json()));

const readJson = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, "utf8"));

const folderOf = (name: string): string => (isAbsolute(name) ? name : join(fixturesFolder, name));

/** Most recently used last. */
const shared = new Map<string, Promise<Fixture>>();
const maxShared = 64;

/** Reads `fixtures/<name>/`, or an absolute folder. @throws when a file is missing or malformed */
export const loadFixture = async (name: string, overrides: PersonalityOverrides = {}): Promise<Fixture> => {
  const folder = folderOf(name);
  const files = ["resources.json", "personality.json"].map((file) => join(folder, file));
  const changed = await Promise.all(files.map(async (file) => (await stat(file)).mtimeMs));
  const key = JSON.stringify([folder, changed, overrides]);
  const fixture = shared.get(key) ?? read(folder, overrides);
  shared.delete(key);
  shared.set(key, fixture);
  const [oldest] = shared.keys();
  if (shared.size > maxShared && oldest !== undefined) shared.delete(oldest);
  fixture.catch(() => shared.delete(key));
  return fixture;
};

const read = async (folder: string, overrides: PersonalityOverrides): Promise<Fixture> => {
  const resources = resourcesSchema.parse(await readJson(join(folder, "resources.json")));
  const personality = readPersonality(await readJson(join(folder, "personality.json")), overrides);
  const tree: GrowingTree = new Map();
  for (const [uri, resource] of Object.entries(resources)) {
    tree.set(plainUri(uri), uri === "/redfish" ? resource : { "@odata.id": uri, ...resource });
  }
  shapeRoot(tree, personality);
  return { tree, personality, places: slotPlaces(tree, personality.media) };
};

/** What the personality says instead of the fixture's service root. */
const shapeRoot = (tree: GrowingTree, { http, auth }: Personality): void => {
  const root: Resource = tree.get("/redfish/v1") ?? {};
  const { Links: links, ProtocolFeaturesSupported: features, ...rest } = root;
  const { expand } = http;
  const { ExpandQuery: own, ...others } = isObject(features) ? features : {};
  const declared: Json | undefined = expand === undefined ? own : expand === false ? undefined : expandQuery(expand);
  const all = { ...(declared === undefined ? {} : { ExpandQuery: declared }), ...others };
  tree.set("/redfish/v1", {
    ...rest,
    ...(features === undefined && declared === undefined ? {} : { ProtocolFeaturesSupported: all }),
    ...(links === undefined || !auth.sessionsInRoot ? {} : { Links: links }),
  });
};

const expandQuery = (expand: Exclude<Personality["http"]["expand"], false | undefined>): Json => ({
  ExpandAll: expand.all,
  Links: expand.links,
  NoLinks: expand.noLinks,
  Levels: expand.levels,
  MaxLevels: expand.maxLevels,
});

/** A fixture that can be simulated. */
export interface FixtureSummary {
  /** `<vendor>/<product>-<firmware>`. */
  readonly name: string;
  readonly title: string;
}

const titleSchema = z.object({ title: z.string().default("") });

/** Every Redfish fixture, by name. */
export const listFixtures = async (folder = fixturesFolder): Promise<readonly FixtureSummary[]> => {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const folders = entries.filter(({ name }) => name === "resources.json").map(({ parentPath }) => parentPath);
  const summaries = folders.map(async (path) => ({
    name: path.slice(folder.length).replaceAll("\\", "/").replace(/^\//u, ""),
    title: titleSchema.parse(await readJson(join(path, "personality.json"))).title,
  }));
  return (await Promise.all(summaries)).sort((one, other) => one.name.localeCompare(other.name));
};
