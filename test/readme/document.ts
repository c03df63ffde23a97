// The README with its generated parts between `<!-- generated: NAME -->` and `<!-- /generated -->`.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const readmeFile = join(import.meta.dirname, "../../README.md");
export const readReadme = (): string => readFileSync(readmeFile, "utf8");

const marks = /(<!-- generated: ([a-z-]+) -->\n)([\s\S]*?)(<!-- \/generated -->\n)/gu;

/** The generated parts by name, in the order of the document. */
export const generatedParts = (text: string): ReadonlyMap<string, string> => {
  const parts = [...text.matchAll(marks)].map(([, , name = "", part = ""]) => [name, part.trim()] as const);
  const opened = text.match(/<!-- generated/gu)?.length ?? 0;
  const closed = text.match(/<!-- \/generated/gu)?.length ?? 0;
  const parted = new Map(parts);
  if (parted.size !== opened || parted.size !== closed)
    throw new Error("A mark of the README's generated parts is misspelt, unclosed or there twice.");
  return parted;
};

/** The same document with other parts; all else stays. */
export const withParts = (text: string, parts: ReadonlyMap<string, string>): string =>
  text.replaceAll(marks, (whole: string, opening: string, name: string, _part: string, closing: string) => {
    const part = parts.get(name);
    return part === undefined ? whole : `${opening}\n${part.trim()}\n\n${closing}`;
  });
