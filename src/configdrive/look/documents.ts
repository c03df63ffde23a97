// Documents found in an image: parsed where they can be, and never trusted to be small, shallow or right.
import { isUtf8 } from "node:buffer";
import { type Document, isCollection, parseDocument, visit, YAMLError } from "yaml";
import type { Json } from "../../core/driver.ts";
import { isDeeperThan } from "../canonical-json.ts";
import { isMacInBase60 } from "./yaml/older-yaml.ts";
import { lineAt, ownYamlFault } from "./yaml/own-yaml.ts";

/** Whoever walks through a document may recurse as deep as this. */
const deepest = 64;
/** Brackets in brackets make a parser slow: these lengths keep it below a second. No real document comes near. */
export const longestJsonBytes = 4 << 20;
const longestYamlBytes = 64 << 10;
/** Whoever gives it waits for nobody but himself. */
const longestOwnYamlBytes = 256 << 10;

/**
 * `numericMac`: the line of a MAC address that is a number to cloud-init. `fault`: a sentence's end, for people. `unread`: what it is nobody
 * knows, since our limits kept us from looking.
 */
export type GivenDocument =
  | { readonly value: Json; readonly fault?: never; readonly numericMac?: number }
  | { readonly fault: string; readonly unread?: true };

const nested: GivenDocument = { fault: `nests deeper than ${deepest} levels`, unread: true };

const parsed = (parse: () => Json, otherwise: string): GivenDocument => {
  try {
    const value = parse();
    return isDeeperThan(deepest, value) ? nested : { value };
  } catch (error) {
    // What the parsers throw repeats the text, which may be a secret: what kind of fault it is is all that is told.
    if (error instanceof RangeError) return nested;
    // So the YAML parser says that aliases would become gigabytes, and that one leads nowhere.
    if (error instanceof ReferenceError)
      return { fault: "has aliases that lead nowhere, or to far more than it is", unread: true };
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

/** Its own search for equal keys takes the square of their number; of such keys the last one counts, as for cloud-init (PyYAML). */
const yamlOptions = { schema: "core", uniqueKeys: false, prettyErrors: false, logLevel: "error" } as const;

/** To follow an alias the parser goes through the whole document: so many steps take a third of a second. */
const mostAliasSteps = 1_000_000;

/** @throws SyntaxError, ReferenceError where the document would keep those busy who make a value of it */
const requireSimple = (document: Document): void => {
  let [nodes, aliases] = [0, 0];
  visit(document, {
    Node: () => void (nodes += 1),
    Alias: () => void (aliases += 1),
    Pair: (_key, { key }) => {
      // PyYAML takes none either. Where they lie in each other, a kilobyte takes a minute.
      if (isCollection(key)) throw new SyntaxError("a list or a mapping is a key");
    },
  });
  if (nodes * aliases > mostAliasSteps) throw new ReferenceError("too many aliases");
};

interface YamlOptions {
  /** By us, as JSON: it has to mean the same to everybody. */
  readonly toBeWritten?: boolean;
  /** Then `yes`, `no`, `on` and `off` are true and false. */
  readonly takesYesAndNo?: boolean;
}

/** The line of the first one that cloud-init takes for a number. */
const lineOfMac = (text: string, document: Document): number | undefined => {
  let offset: number | undefined;
  visit(document, {
    Scalar: (_key, scalar) => {
      if (!isMacInBase60(scalar)) return undefined;
      offset = scalar.range?.[0];
      return visit.BREAK;
    },
  });
  return offset === undefined ? undefined : lineAt(text, offset);
};

const yamlOf = (text: string, { toBeWritten = false, takesYesAndNo = false }: YamlOptions): GivenDocument => {
  let fault: string | undefined;
  let numericMac: number | undefined;
  const given = parsed((): Json => {
    const document: Document = parseDocument(text, yamlOptions);
    const [error] = document.errors;
    if (error !== undefined) throw error;
    requireSimple(document);
    if (toBeWritten) fault = ownYamlFault(text, document, takesYesAndNo);
    numericMac = lineOfMac(text, document);
    const value = document.toJS({ maxAliasCount: 100 }) as unknown;
    return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as Json);
  }, "is neither JSON nor YAML");
  if (fault !== undefined) return { fault };
  return given.fault === undefined && numericMac !== undefined ? { ...given, numericMac } : given;
};

/** What an image holds as JSON. */
export const readJson = (bytes: Buffer): GivenDocument => {
  if (bytes.length > longestJsonBytes) return { fault: `has more than ${longestJsonBytes} bytes`, unread: true };
  const text = textOf(bytes);
  return text === undefined ? { fault: "is not UTF-8 text" } : jsonOf(text);
};

/** JSON or YAML, and why it is neither. */
export const readDocument = (
  bytes: Uint8Array,
  { mostYamlBytes = longestOwnYamlBytes, ...options }: YamlOptions & { readonly mostYamlBytes?: number } = {},
): GivenDocument => {
  const text = textOf(bytes);
  if (text === undefined) return { fault: "is not UTF-8 text" };
  const json = jsonOf(text);
  if (json.fault === undefined || json === nested) return json;
  if (bytes.length > mostYamlBytes)
    return { fault: `is not JSON, and with more than ${mostYamlBytes} bytes not read as YAML`, unread: true };
  return yamlOf(text, options);
};

/** What an image holds as YAML, of which JSON is a part. */
export const readYaml = (bytes: Buffer): GivenDocument =>
  bytes.length > longestJsonBytes ? readJson(bytes) : readDocument(bytes, { mostYamlBytes: longestYamlBytes });

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
