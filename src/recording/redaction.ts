// Takes secrets and identities out of a recording, everywhere alike, so that links still lead where they led. Every length stays.
import type { Json } from "../core/driver.ts";
import { redactText } from "../core/redact.ts";
import { isHarmlessName } from "./allowed.ts";
import { canonical, type Disguise } from "./disguise.ts";
import { disguiseFreeText } from "./free-text.ts";
import { isObject } from "./json.ts";
import { hostLabels, type Place, sensitivityOf, sensitivityOfName, tellingParts } from "./sensitive.ts";

export interface Redaction {
  /** `oem`: nobody knows what its texts say. */
  value(value: Json, oem: boolean): Json;
  text(text: string): string;
}

export interface RedactionOptions {
  /** All that will be redacted: what identifies in one of them is found in all. */
  readonly values: readonly { readonly value: Json; readonly oem: boolean }[];
  /** Known to be sensitive before anything was read. */
  readonly secrets: readonly string[];
  readonly disguise: Disguise;
}

const top = (oem: boolean): Place => ({ name: "", oem });

const inside = (place: Place, name: string): Place => {
  const inherited = place.inside === "secret" || !isHarmlessName(name) ? place.inside : undefined;
  const sensitive = inherited === "secret" ? "secret" : (sensitivityOfName(name) ?? inherited);
  return {
    name,
    parent: place.name,
    oem: place.oem || name === "Oem",
    ...(sensitive === undefined ? {} : { inside: sensitive }),
  };
};

/** Visits every text and number that is a value. */
const visit = (value: Json, place: Place, see: (text: string, place: Place) => void): void => {
  if (typeof value === "string" || typeof value === "number") see(String(value), place);
  else if (Array.isArray(value)) for (const item of value) visit(item, place, see);
  else if (isObject(value)) for (const [name, item] of Object.entries(value)) visit(item, inside(place, name), see);
};

/** Words of the schemas and of enumerations identify nobody, whoever uses them as a name. */
const wordsOf = (values: readonly Json[]): string => {
  const words = [
    "redfish",
    "systems",
    "managers",
    "virtualmedia",
    "chassis",
    "administrator",
    "admin",
    "root",
    "userid",
  ];
  const look = (value: Json, name: string): void => {
    if (typeof value === "string" && /@odata\.type$|AllowableValues$/u.test(name)) words.push(value.toLowerCase());
    else if (Array.isArray(value)) for (const item of value) look(item, name);
    else if (isObject(value))
      for (const [key, item] of Object.entries(value)) {
        if (!/\d/u.test(key)) words.push(key.toLowerCase());
        look(item, key);
      }
  };
  for (const value of values) look(value, "");
  return words.join("\n");
};

/** What many machines are called alike: some makers repeat it as the SKU, or as the default of a tag. */
const productsOf = ({ values }: Pick<RedactionOptions, "values">): ReadonlySet<string> => {
  const products = new Set<string>();
  for (const { value, oem } of values) {
    visit(value, top(oem), (text, { name, oem: isOem }) => {
      if (!isOem && /^(?:model|product|manufacturer|vendor)$/iu.test(name)) products.add(text.toLowerCase());
    });
  }
  return products;
};

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/gu, "\\$&");

/** Shorter ones are only looked for where they stand alone, the shortest not at all. */
const longEnough = 4;
const telling = 6;

const patternOf = (text: string): string => {
  const spelt = /^[0-9a-f]{2}([:-]|[0-9a-f]{6}-)/iu.test(text)
    ? Array.from(canonical(text)).join("[:-]?")
    : escaped(text.toLowerCase());
  return canonical(text).length >= telling ? spelt : `(?<![a-z0-9])${spelt}(?![a-z0-9])`;
};

/** What identifies, longest first; undefined when there is nothing. */
const collect = ({ values, secrets }: RedactionOptions, products: ReadonlySet<string>): RegExp | undefined => {
  const words = wordsOf(values.map(({ value }) => value));
  const found = new Set<string>();
  const add = (text: string): void => {
    const lower = text.toLowerCase();
    const isWord = /^[a-z]+$/u.test(lower) && words.includes(lower);
    if (canonical(text).length >= longEnough && !isWord && !products.has(lower)) found.add(text);
  };
  secrets.forEach(add);
  for (const { value, oem } of values) {
    visit(value, top(oem), (text, place) => {
      const sensitivity = sensitivityOf(text, place);
      if (sensitivity === "secret" || sensitivity === "identifying")
        [text, ...hostLabels(text, place.name)].forEach(add);
      else for (const part of tellingParts(text, place.name)) add(part);
    });
  }
  const patterns = [...found].toSorted((one, another) => another.length - one.length).map(patternOf);
  return patterns.length === 0 ? undefined : new RegExp(patterns.join("|"), "giu");
};

const addresses = /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/giu;
/** As a whole: its scheme is worth keeping. */
const isAddress = (text: string): boolean => /^[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+$/iu.test(text);
const isPublic = (url: string): boolean => /^https?:\/\/(?:[\w-]+\.)*dmtf\.org\/[\w./-]*$/iu.test(url);

const blanked = (text: string): string => text.replaceAll(/[^\s]/gu, "x");

export const createRedaction = (options: RedactionOptions): Redaction => {
  const { disguise } = options;
  const products = productsOf(options);
  const known = collect(options, products);

  /** The scheme says what a BMC takes; the rest is somebody's. */
  const url = (text: string): string => {
    if (isPublic(text)) return text;
    const end = text.indexOf("://") + 3;
    return text.slice(0, end) + disguise(text.slice(end)).replaceAll(/[?#@]/gu, "x");
  };

  const kept = (text: string): string => {
    let clean = known === undefined ? text : text.replaceAll(known, (match) => disguise(match));
    clean = clean.replaceAll(addresses, url);
    // Whatever the common filter would still find: an Authorization header, one of our own URLs.
    return redactText(clean) === clean ? clean : blanked(clean);
  };

  const treated = (text: string, place: Place): string => {
    const sensitivity = sensitivityOf(text, place);
    if (sensitivity === "secret") return blanked(text);
    const isSafe = sensitivity === "kept" || products.has(text.toLowerCase()) || isAddress(text);
    if (sensitivity === "identifying") return kept(disguise(text));
    return kept(isSafe ? text : disguiseFreeText(text, disguise));
  };

  const rewrite = (value: Json, place: Place): Json => {
    if (typeof value === "string") return treated(value, place);
    if (typeof value === "number") return place.inside === undefined ? value : Number(disguise(String(value)));
    if (Array.isArray(value)) return value.map((item) => rewrite(item, place));
    if (!isObject(value)) return value;
    const entries = Object.entries(value).map(([name, item]) => [kept(name), rewrite(item, inside(place, name))]);
    return Object.fromEntries(entries) as Json;
  };

  return { value: (value, oem) => rewrite(value, top(oem)), text: kept };
};
