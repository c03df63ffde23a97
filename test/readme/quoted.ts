// What the README quotes: its code blocks, the code in its sentences, and the command lines in both.

const fence = /^```(\w*)\n([\s\S]*?)^```$/gmu;

/** Contents of the fenced blocks in a language, in order. */
export const blocksOf = (text: string, language: string): readonly string[] =>
  [...text.matchAll(fence)].filter(([, name]) => name === language).map(([, , content = ""]) => content);

/** Code in sentences and tables, with line ends as blanks. */
export const inlineCode = (text: string): readonly string[] =>
  [...text.replaceAll(fence, "").matchAll(/`([^`]+)`/gu)].map(([, code = ""]) => code.replaceAll(/\s+/gu, " "));

/** The words after `mediabay`, of a line as it is written for a shell; comments and what follows the command are left out. */
const wordsAfter = (line: string): readonly string[] => {
  const [, rest = ""] = /(?:\bmediabay|src\/mediabay\.mjs)(?: ([^#;&|]*))?/u.exec(line) ?? [];
  return rest.split(" ").filter((word) => word !== "");
};

/** Command lines of shell blocks: complete, as somebody would run them. */
export const commandLines = (text: string): readonly (readonly string[])[] =>
  blocksOf(text, "sh")
    .flatMap((block) => block.split("\n"))
    .filter((line) => /^\s*(npx mediabay|node src\/mediabay\.mjs) /u.test(line))
    .map(wordsAfter);

/** Command lines in sentences: they may lack their arguments. */
export const commandsInSentences = (text: string): readonly (readonly string[])[] =>
  inlineCode(text)
    .filter((code) => /^(npx mediabay|mediabay|node src\/mediabay\.mjs) /u.test(code))
    .map(wordsAfter);

export interface Flag {
  readonly name: string;
  /** What is quoted as its value: one, or several with bars between. */
  readonly values: readonly string[];
}

/** Options that sentences name: `--boot once|none`. */
export const flagsInSentences = (text: string): readonly Flag[] =>
  inlineCode(text)
    .filter((code) => code.startsWith("--"))
    .map((code) => {
      const [name = "", values = ""] = code.split(" ");
      return { name, values: values.split("|").filter((value) => value !== "") };
    });
