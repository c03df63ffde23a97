// Documents found in an image: parsed where they can be, and never trusted to be small, shallow or right.
import { parse as parseYaml, YAMLError } from "yaml";
import type { Json } from "../../core/driver.ts";
import { isDeeperThan } from "../canonical-json.ts";

/** Whoever walks through a document may recurse as deep as this. */
const deepest = 64;
/** Brackets in brackets make a parser slow: these lengths keep it below a second. No real document comes near. */
export const longestJsonBytes = 4 << 20;
const longestYamlBytes = 256 << 10;

/** The YAML parser says with a ReferenceError that aliases would become gigabytes. */
const parserErrors = [SyntaxError, RangeError, ReferenceError, YAMLError];

const parsed = (parse: () => Json): Json | undefined => {
  try {
    const value = parse();
    return isDeeperThan(deepest, value) ? undefined : value;
  } catch (error) {
    // What the parsers throw repeats the text, which may be a secret: that it is no such document is all that is told.
    if (parserErrors.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
};

/** Undefined when it is none, or nests beyond all reason. */
export const parseJson = (bytes: Buffer): Json | undefined =>
  parsed((): Json => JSON.parse(bytes.toString("utf8")) as Json);

/** The same of YAML, of which JSON is a part. */
export const parseYamlDocument = (bytes: Buffer): Json | undefined => {
  const json = parseJson(bytes);
  if (json !== undefined || bytes.length > longestYamlBytes) return json;
  return parsed((): Json => {
    const value = parseYaml(bytes.toString("utf8"), { schema: "core", maxAliasCount: 100 }) as unknown;
    return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as Json);
  });
};
