// `$expand` of DSP0266 clause "The $expand query parameter": `.` follows links outside Links, `~` those inside, `*` both and annotations.
import { RedfishFailure } from "./http/messages.ts";
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

type Find = (uri: string) => Resource | undefined;

const features = { ".": "NoLinks", "~": "Links", "*": "ExpandAll" } as const;

const isSymbol = (text: string): text is Expansion["what"] => text === "." || text === "~" || text === "*";

/**
 * What a request's query asks to be expanded.
 * @throws RedfishFailure 400 malformed or too deep, 501 not declared in ProtocolFeaturesSupported
 */
export const readExpansion = (
  tree: Tree,
  query: URLSearchParams,
  undeclared: "refused" | "ignored",
): Expansion | undefined => {
  const protocol = tree.get("/redfish/v1")?.["ProtocolFeaturesSupported"];
  const declared = isObject(protocol) ? protocol["ExpandQuery"] : undefined;
  const unknown = [...query.keys()].find((name) => name.startsWith("$") && name !== "$expand");
  const text = query.get("$expand");
  const refuse = (): undefined => {
    if (undeclared === "ignored") return undefined;
    throw new RedfishFailure(501, "QueryNotSupported");
  };
  if (unknown !== undefined) return refuse();
  if (text === null) return undefined;
  if (!isObject(declared)) return refuse();
  const match = /^([.~*])(?:\(\$levels=(\d+)\))?$/.exec(text);
  const what = match?.[1] ?? "";
  if (match === null || !isSymbol(what))
    throw new RedfishFailure(400, "QueryParameterValueFormatError", [text, "$expand"]);
  if (declared[features[what]] !== true) return refuse();
  if (match[2] !== undefined && declared["Levels"] !== true) return refuse();
  const levels = Number(match[2] ?? "1");
  const max = typeof declared["MaxLevels"] === "number" ? declared["MaxLevels"] : 1;
  if (levels < 1 || levels > max)
    throw new RedfishFailure(400, "QueryParameterOutOfRange", [text, "$expand", `1-${max}`]);
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
