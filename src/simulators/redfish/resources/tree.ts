// The resource tree of a simulated service, keyed by URI without trailing slashes, and how to look into it.
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Resource = { readonly [key: string]: Json };
/** Resources by URI; one is shared by every simulator of the same fixture. */
export type Tree = ReadonlyMap<string, Resource>;

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

/** A text as it is, anything else as JSON. */
export const shownText = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

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
