// The resource tree of a simulated service: a fixture's resources.json, keyed by URI, without trailing slashes.
import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type Personality, type PersonalityOverrides, readPersonality } from "./personality.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Resource = { readonly [key: string]: Json };
/** Resources by URI. */
export type Tree = Map<string, Resource>;

export interface Fixture {
  readonly tree: Tree;
  readonly personality: Personality;
}

const fixturesFolder = fileURLToPath(new URL("../../../fixtures/", import.meta.url));

const resourcesSchema = z.record(z.string().startsWith("/redfish"), z.record(z.string(), z.json()));

const readJson = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, "utf8"));

/** Reads `fixtures/<name>/`, or an absolute folder. @throws when a file is missing or malformed */
export const loadFixture = async (name: string, overrides?: PersonalityOverrides): Promise<Fixture> => {
  const folder = isAbsolute(name) ? name : join(fixturesFolder, name);
  const resources = resourcesSchema.parse(await readJson(join(folder, "resources.json")));
  const personality = readPersonality(await readJson(join(folder, "personality.json")), overrides);
  const tree: Tree = new Map();
  for (const [uri, resource] of Object.entries(resources)) {
    tree.set(plainUri(uri), uri === "/redfish" ? resource : { "@odata.id": uri, ...resource });
  }
  shapeRoot(tree, personality);
  return { tree, personality };
};

/** What the personality says instead of the fixture's service root. */
const shapeRoot = (tree: Tree, { http, auth }: Personality): void => {
  const root: Resource = tree.get("/redfish/v1") ?? {};
  const { Links: links, ProtocolFeaturesSupported: features, ...rest } = root;
  const { expand } = http;
  const { ExpandQuery: own, ...others } = isObject(features) ? features : {};
  const declared: Json | undefined = expand === undefined ? own : expand === false ? undefined : expandQuery(expand);
  tree.set("/redfish/v1", {
    ...rest,
    ProtocolFeaturesSupported: { ...(declared === undefined ? {} : { ExpandQuery: declared }), ...others },
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

/** One spelling per URI: `/redfish/v1/` and `/redfish/v1` are the same resource (DSP0266, URIs). */
export const plainUri = (uri: string): string => (uri.length > 1 ? uri.replace(/\/+$/, "") : uri);

export const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The `@odata.id` inside `value`, or undefined. */
export const linkOf = (value: Json | undefined): string | undefined => {
  if (!isObject(value)) return undefined;
  const id = value["@odata.id"];
  return typeof id === "string" ? plainUri(id) : undefined;
};

export const linksOf = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.map(linkOf).filter((uri) => uri !== undefined) : [];

export const textOf = (value: Json | undefined): string | undefined => (typeof value === "string" ? value : undefined);

export const textsOf = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];

/** True for `#VirtualMedia.v1_6_3.VirtualMedia` and `type` `VirtualMedia`. */
export const isOfType = (resource: Resource, type: string): boolean =>
  (textOf(resource["@odata.type"]) ?? "").startsWith(`#${type}.v`);

/** URIs of all resources of a schema, in the fixture's order. */
export const urisOfType = (tree: Tree, type: string): readonly string[] =>
  [...tree].filter(([, resource]) => isOfType(resource, type)).map(([uri]) => uri);

/** Members of the collection at `uri`. */
export const membersOf = (tree: Tree, uri: string): readonly string[] => linksOf(tree.get(uri)?.["Members"]);
