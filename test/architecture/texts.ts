// Laws on what a file says: no vendor's name, no escape from the type checker or the linter, no skipped test, no long file.
import type { Found, SourceFile } from "./source.ts";

const at = (file: SourceFile, { line }: Found, what: string): string => `${file.path}:${line} ${what}`;

/** Names that stand out in any spelling. */
const vendorParts =
  /idrac|racadm|lenovo|supermicro|fujitsu|sushy|openbmc|bmcweb|proliant|megarac|huawei|nvidia|asrock|hewlett|inspur|nokia|senao|xclarity/iu;

/** Names that occur inside ordinary words: whole words of an identifier or a text only. */
const vendorWords = new Set(
  "dell hpe ilo ami irmc ibmc xcc tsm xfusion cisco cimc intel quanta dgx poweredge".split(" "),
);

/** Error codes of Node's HTTP parser, which happen to begin like a maker. */
const parserCodes = /\bHPE_[A-Z_]*/gu;

const vendorIn = (said: string): string | undefined => {
  const text = said.replaceAll(parserCodes, "");
  const part = vendorParts.exec(text)?.[0];
  if (part !== undefined) return part;
  const runs = text.split(/[^A-Za-z]+/u);
  const humps = runs.flatMap((run) => run.replaceAll(/([a-z])([A-Z])|([A-Z])([A-Z][a-z])/gu, "$1$3 $2$4").split(" "));
  return [...runs, ...humps].find((word) => vendorWords.has(word.toLowerCase()));
};

/** What one vendor needs belongs into `vendors/`; comments may say where a fact comes from. */
export const vendorViolations = (files: readonly SourceFile[]): readonly string[] =>
  files.flatMap((file) =>
    [{ text: file.path, line: 1 }, ...file.words].flatMap((word) => {
      const vendor = vendorIn(word.text);
      return vendor === undefined ? [] : [at(file, word, `names ${vendor}`)];
    }),
  );

/** A simulator that read a profile would prove a wrong profile right. */
export const profileReaders = (files: readonly SourceFile[]): readonly string[] =>
  files.flatMap((file) =>
    file.words.filter(({ text }) => /\bvendors\b/u.test(text)).map((word) => at(file, word, "reads vendors/")),
  );

export const anyViolations = (files: readonly SourceFile[]): readonly string[] =>
  files.flatMap((file) => file.anys.map((found) => at(file, found, "says any")));

export const emptyCatchViolations = (files: readonly SourceFile[]): readonly string[] =>
  files.flatMap((file) => file.emptyCatches.map((found) => at(file, found, "swallows an error")));

/** Spelled in two pieces, so that this file does not break its own law. */
const escapes = [
  ["(?:oxlint|eslint)-", "disable"],
  ["biome-", "ignore"],
  ["@ts-", "(?:ignore|nocheck|expect-error)"],
  ["\\bTO", "DO\\b"],
  ["\\bFIX", "ME\\b"],
].map((pieces) => new RegExp(pieces.join(""), "u"));

export const escapeViolations = (files: readonly SourceFile[]): readonly string[] =>
  files.flatMap((file) =>
    file.text.split("\n").flatMap((text, index) => {
      const found = escapes.map((escape) => escape.exec(text)?.[0]).find((match) => match !== undefined);
      return found === undefined ? [] : [at(file, { text, line: index + 1 }, `says ${found}`)];
    }),
  );

const skips = /^(?:test|it|describe|suite|bench)\.(?:skip|only|todo)$|^(?:xit|xtest|xdescribe|fit|fdescribe)$/u;

export const skipViolations = (files: readonly SourceFile[]): readonly string[] =>
  files.flatMap((file) =>
    [...file.members, ...file.words]
      .filter(({ text }) => skips.test(text))
      .map((found) => at(file, found, `says ${found.text}`)),
  );

/** A file that may be longer must still need to be: an exception that is not used is a violation, too. */
export const lengthViolations = (
  files: readonly SourceFile[],
  longest: number,
  excepted: Readonly<Record<string, string>>,
): readonly string[] => [
  ...files
    .filter(({ path, lines }) => lines > longest && excepted[path] === undefined)
    .map(({ path, lines }) => `${path} has ${lines} lines`),
  ...Object.keys(excepted)
    .filter((path) => !files.some((file) => file.path === path && file.lines > longest))
    .map((path) => `${path} needs no exception`),
];

const topLevel = new Set(
  "package.json package-lock.json tsconfig.json README.md LICENSE src vendors fixtures test".split(" "),
);

/** Of the names at the repository's top; `ignored` are those that git does not keep. */
export const topLevelViolations = (names: readonly string[], ignored: readonly string[]): readonly string[] =>
  names
    .filter((name) => !topLevel.has(name) && !name.startsWith(".") && !ignored.includes(name))
    .map((name) => `${name} does not belong to the repository's top`);
