// `$expand` of DSP0266 clause "The $expand query parameter": `.` follows links outside Links, `~` those inside, `*` both and annotations.
import { RedfishFailure } from "../http/failure.ts";
import type { Personality } from "../personality/index.ts";
import { isObject, type Json, linkOf, type Resource, type Tree } from "./tree.ts";

export interface Expansion {
  readonly what: "." | "~" | "*";
  readonly levels: number;
}

/** Where in a resource a link stands. */
type Region = "body" | "links" | "annotation";

const followed: Readonly<Record<Expansion["what"], readonly Region[]>> = {
  ".": ["body"],
  "~": ["links"],
  "*": ["body", "links", "annotation"],
};

/** The properties that `$select` names, and the annotations. */
export const select = (resource: Resource, query: URLSearchParams): Resource => {
  const names = query.get("$select")?.split(",");
  if (names === undefined) return resource;
  return Object.fromEntries(Object.entries(resource).filter(([name]) => name.startsWith("@") || names.includes(name)));
};

type Find = (uri: string) => Resource | undefined;

const features = { ".": "NoLinks", "~": "Links", "*": "ExpandAll" } as const;

const isSymbol = (text: string): text is Expansion["what"] => text === "." || text === "~" || text === "*";

/**
 * What a request's query asks to be expanded.
 * @throws RedfishFailure 400 malformed or too deep, 501 not declared in ProtocolFeaturesSupported
 */
export const readExpansion = (tree: Tree, query: URLSearchParams, http: Personality["http"]): Expansion | undefined => {
  const protocol = tree.get("/redfish/v1")?.["ProtocolFeaturesSupported"];
  const declared = isObject(protocol) ? protocol["ExpandQuery"] : undefined;
  const known = http.select ? ["$expand", "$select"] : ["$expand"];
  const unknown = [...query.keys()].find((name) => name.startsWith("$") && !known.includes(name));
  const text = query.get("$expand");
  const refuse = (): undefined => {
    if (http.undeclaredQuery === "ignored") return undefined;
    throw new RedfishFailure(501, "QueryNotSupported", { condition: "queryRefused" });
  };
  if (unknown !== undefined) return refuse();
  if (text === null) return undefined;
  if (!isObject(declared)) return refuse();
  const match = /^([.~*])(?:\(\$levels=(\d+)\))?$/.exec(text);
  const what = match?.[1] ?? "";
  if (match === null || !isSymbol(what))
    throw new RedfishFailure(400, "QueryParameterValueFormatError", { args: [text, "$expand"] });
  if (declared[features[what]] !== true) return refuse();
  if (http.expandFails.includes(what))
    throw new RedfishFailure(501, "QueryNotSupported", { condition: "queryRefused" });
  if (match[2] !== undefined && declared["Levels"] !== true) return refuse();
  const levels = Number(match[2] ?? "1");
  const max = typeof declared["MaxLevels"] === "number" ? declared["MaxLevels"] : 1;
  if (levels < 1 || levels > max)
    throw new RedfishFailure(400, "QueryParameterOutOfRange", { args: [text, "$expand", `1-${max}`] });
  return { what, levels };
};

/** `resource` with its links replaced by what they point at, `levels` deep. */
export const expand = (resource: Resource, expansion: Expansion, find: Find): Resource => {
  const entries = Object.entries(resource).map(
    ([name, value]) => [name, follow(name, value, expansion, find, "body")] as const,
  );
  return Object.fromEntries(entries);
};

const follow = (name: string, value: Json, expansion: Expansion, find: Find, outer: Region): Json => {
  const region = name === "Links" ? "links" : name.startsWith("@") ? "annotation" : outer;
  if (Array.isArray(value)) return value.map((item) => follow("", item, expansion, find, region));
  if (!isObject(value)) return value;
  const uri = Object.keys(value).length === 1 ? linkOf(value) : undefined;
  if (uri === undefined) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, follow(key, item, expansion, find, region)]),
    );
  }
  const target = followed[expansion.what].includes(region) ? find(uri) : undefined;
  if (target === undefined) return value;
  return expansion.levels > 1 ? expand(target, { ...expansion, levels: expansion.levels - 1 }, find) : target;
};
