// Documents found in an image: parsed where they can be, and never trusted to be small, shallow or right.
import { isUtf8 } from "node:buffer";
import { parse as parseYaml, YAMLError } from "yaml";
import type { Json } from "../../core/driver.ts";
import { isDeeperThan } from "../canonical-json.ts";

/** Whoever walks through a document may recurse as deep as this. */
const deepest = 64;
/** Brackets in brackets make a parser slow: these lengths keep it below a second. No real document comes near. */
export const longestJsonBytes = 4 << 20;
const longestYamlBytes = 256 << 10;

/** `fault`: a sentence's end, for people. */
export type GivenDocument = { readonly value: Json; readonly fault?: never } | { readonly fault: string };

const nested: GivenDocument = { fault: `nests deeper than ${deepest} levels` };

const parsed = (parse: () => Json, otherwise: string): GivenDocument => {
  try {
    const value = parse();
    return isDeeperThan(deepest, value) ? nested : { value };
  } catch (error) {
    // What the parsers throw repeats the text, which may be a secret: what kind of fault it is is all that is told.
    if (error instanceof RangeError) return nested;
    // So the YAML parser says that aliases would become gigabytes, and that one leads nowhere.
    if (error instanceof ReferenceError) return { fault: "has aliases that lead nowhere, or to far more than it is" };
    if (error instanceof SyntaxError || error instanceof YAMLError) return { fault: otherwise };
    throw error;
  }
};

/** A byte order mark is kept: no parser takes it. Undefined for what is no UTF-8. */
const textOf = (bytes: Uint8Array): string | undefined => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return isUtf8(text) ? text.toString("utf8") : undefined;
};

const jsonOf = (text: string): GivenDocument => parsed((): Json => JSON.parse(text) as Json, "is not JSON");

const yamlOf = (text: string): GivenDocument =>
  parsed((): Json => {
    const value = parseYaml(text, { schema: "core", maxAliasCount: 100 }) as unknown;
    return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as Json);
  }, "is neither JSON nor YAML");

/** JSON or YAML, and why it is neither. */
export const readDocument = (bytes: Uint8Array): GivenDocument => {
  const text = textOf(bytes);
  if (text === undefined) return { fault: "is not UTF-8 text" };
  const json = jsonOf(text);
  if (json.fault === undefined || json === nested) return json;
  if (bytes.length > longestYamlBytes)
    return { fault: `is not JSON, and with more than ${longestYamlBytes} bytes not read as YAML` };
  return yamlOf(text);
};

/** Undefined when it is none, or nests beyond all reason. */
export const parseJson = (bytes: Buffer): Json | undefined => {
  const text = textOf(bytes);
  const document = text === undefined ? undefined : jsonOf(text);
  return document?.fault === undefined ? document?.value : undefined;
};

/** The same of YAML, of which JSON is a part. */
export const parseYamlDocument = (bytes: Buffer): Json | undefined => {
  const document = readDocument(bytes);
  return document.fault === undefined ? document.value : undefined;
};
