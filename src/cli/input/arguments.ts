// How arguments that several commands share are read. None of the messages repeats what was typed.
import { InvalidArgumentError } from "commander";
import { parseDurationMs } from "../../core/units.ts";

/** Milliseconds. */
export const parseDuration = (text: string): number => {
  const ms = parseDurationMs(text);
  if (ms === undefined || ms < 1) throw new InvalidArgumentError("A duration is such as 30s, 10m or 1h.");
  return ms;
};

export const parseCount = (text: string): number => {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("A number from 1 on is needed.");
  return Number(text);
};

/** For `--label k=v …`: collects into one object. */
export const collectLabel = (
  text: string,
  earlier: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> => {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("A label is key=value.");
  return { ...earlier, [name]: value };
};

/** For `--label k[=v] …` of listings: `k` alone means any value. */
export const collectLabelFilter = (text: string, earlier: readonly string[] = []): readonly string[] => [
  ...earlier,
  text.includes("=") ? text : `${text}=`,
];

export const collect = (text: string, earlier: readonly string[] = []): readonly string[] => [...earlier, text];

/** SHA-256 as people copy it: with `sha256:` before it, in capitals. */
export const parseDigest = (text: string): string => {
  const digest = text.replace(/^sha256:/i, "").toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(digest)) throw new InvalidArgumentError("A SHA-256 has 64 hexadecimal digits.");
  return digest;
};
