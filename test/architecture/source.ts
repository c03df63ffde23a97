// What the laws look at in a source file, from its syntax tree, so that neither a comment nor an odd layout deceives them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAst } from "vitest/node";

export interface Found {
  readonly text: string;
  readonly line: number;
}

/** `early`: before the file runs; `late`: when it asks; `type`: never. */
interface Import extends Found {
  readonly when: "early" | "late" | "type";
}

export interface SourceFile {
  /** From the repository's top, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  /** Imports and re-exports of every kind; `text` is the specifier. */
  readonly imports: readonly Import[];
  /** Identifiers, strings, templates and regular expressions: everything but comments. */
  readonly words: readonly Found[];
  /** `any` as a type. */
  readonly anys: readonly Found[];
  /** `root.member`: each named member of a chain, with the name that the chain begins with. */
  readonly members: readonly Found[];
  readonly emptyCatches: readonly Found[];
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string" && "start" in value;

const visit = (value: unknown, see: (node: Node) => void): void => {
  if (Array.isArray(value)) for (const item of value) visit(item, see);
  else if (isNode(value)) {
    see(value);
    for (const child of Object.values(value)) visit(child, see);
  }
};

const stringValue = (value: unknown): string | undefined =>
  isNode(value) && value.type === "Literal" && typeof value["value"] === "string" ? value["value"] : undefined;

const computed = "(computed)";

/** The specifier of an import of any kind; undefined for other nodes. */
const importOf = (node: Node): Pick<Import, "text" | "when"> | undefined => {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportAllDeclaration":
    case "ExportNamedDeclaration": {
      const text = stringValue(node["source"]);
      const isType = (node["importKind"] ?? node["exportKind"]) === "type";
      return text === undefined ? undefined : { text, when: isType ? "type" : "early" };
    }
    case "ImportExpression":
      return { text: stringValue(node["source"]) ?? computed, when: "late" };
    case "TSImportType":
      return { text: stringValue(node["source"]) ?? computed, when: "type" };
    case "TSExternalModuleReference":
      return { text: stringValue(node["expression"]) ?? computed, when: "early" };
    default:
      return undefined;
  }
};

const wordOf = (node: Node): string | undefined => {
  const { name, value, regex } = node;
  if (node.type === "Identifier" || node.type === "PrivateIdentifier")
    return typeof name === "string" ? name : undefined;
  if (node.type === "TemplateElement" && typeof value === "object" && value !== null && "raw" in value)
    return String(value.raw);
  if (node.type !== "Literal") return undefined;
  if (typeof regex === "object" && regex !== null && "pattern" in regex) return String(regex.pattern);
  return typeof value === "string" ? value : undefined;
};

/** What a chain such as `test.each(cases).only` begins with. */
const chainRoot = (node: unknown): unknown => {
  if (!isNode(node)) return undefined;
  if (node.type === "MemberExpression") return chainRoot(node["object"]);
  return node.type === "CallExpression" ? chainRoot(node["callee"]) : node["name"];
};

const memberOf = (node: Node): string | undefined => {
  const { property } = node;
  if (node.type !== "MemberExpression" || !isNode(property)) return undefined;
  const [left, right] = [chainRoot(node), property["name"] ?? property["value"]];
  return typeof left === "string" && typeof right === "string" ? `${left}.${right}` : undefined;
};

/** @throws Error naming the file when it is not TypeScript */
export const parseSource = (path: string, text: string): SourceFile => {
  const starts = [0, ...[...text.matchAll(/\n/gu)].map(({ index }) => index + 1)];
  const lineAt = (offset: number): number => starts.findLastIndex((start) => start <= offset) + 1;
  const imports: Import[] = [];
  const [words, anys, members, emptyCatches]: [Found[], Found[], Found[], Found[]] = [[], [], [], []];
  const see = (node: Node): void => {
    const line = lineAt(node.start);
    const imported = importOf(node);
    if (imported !== undefined) imports.push({ ...imported, line });
    const word = wordOf(node);
    if (word !== undefined) words.push({ text: word, line });
    const member = memberOf(node);
    if (member !== undefined) members.push({ text: member, line });
    if (node.type === "TSAnyKeyword") anys.push({ text: "any", line });
    const isEmpty = node.type === "CatchClause" && isNode(node["body"]) && [node["body"]["body"]].flat().length === 0;
    if (isEmpty) emptyCatches.push({ text: "catch", line });
  };
  try {
    visit(parseAst(text, { lang: "ts" }), see);
  } catch (error) {
    throw new Error(`${path} cannot be parsed`, { cause: error });
  }
  return { path, text, lines: text.trimEnd().split("\n").length, imports, words, anys, members, emptyCatches };
};

/** Every TypeScript file under a folder of the repository. */
export const readSources = (root: string, folder: string): readonly SourceFile[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name))
    .toSorted()
    .map((path) => parseSource(path, readFileSync(join(root, path), "utf8")));
