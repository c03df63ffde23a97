// What people see: tables, records, times and sizes. Scripts use `--json`.
import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";

/** Text from a BMC or an origin may hold escape sequences, or turn the direction of writing; a terminal must never obey them. */
export const plain = (text: string): string =>
  stripVTControlCharacters(text).replaceAll(/[^\P{Cc}\n\t]|\p{Bidi_Control}/gu, "");

/** Names in an image may hold line feeds: what is no line of ours must not look like one. */
const oneLine = (text: string): string =>
  text.replaceAll(
    /[\n\t\p{Bidi_Control}\p{Zl}\p{Zp}]/gu,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

const two = (value: number): string => String(value).padStart(2, "0");

/** Local, to the minute: `2026-11-24 03:25`. */
export const formatTime = (value: string | number | undefined): string => {
  if (value === undefined) return "";
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return String(value);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
};

/** Local, to the second: `2026-11-24 03:25:07`. */
export const formatMoment = (value: string): string => {
  const minute = formatTime(value);
  return minute === value ? value : `${minute}:${two(new Date(value).getSeconds())}`;
};

/** Local, to the second: `03:25:07`. */
export const formatTimeOfDay = (value: string): string => {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return value;
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
};

export type Cell = string | number | boolean | undefined;

const cellText = (cell: Cell): string =>
  typeof cell === "boolean" ? (cell ? "yes" : "no") : plain(oneLine(cell === undefined ? "" : String(cell)));

/** Columns under their titles; `empty` where there is no row. */
export const table = (titles: readonly string[], rows: readonly (readonly Cell[])[], empty: string): string => {
  if (rows.length === 0) return `${empty}\n`;
  const lines = [titles.map((title) => title.toUpperCase()), ...rows.map((row) => row.map(cellText))].map((texts) =>
    texts.map((text) => ({ text, width: stringWidth(text) })),
  );
  const widths = titles.map((_title, column) =>
    lines.reduce((widest, line) => Math.max(widest, line[column]?.width ?? 0), 0),
  );
  const padded = lines.map((line) =>
    line.map(({ text, width }, column) => `${text}${" ".repeat((widths[column] ?? width) - width)}`).join("  "),
  );
  return padded.map((line) => `${line.trimEnd()}\n`).join("");
};

/** One line a field; undefined and empty fields are left out. */
export const fields = (pairs: readonly (readonly [string, Cell])[]): string => {
  const shown = pairs.map(([name, cell]) => [name, cellText(cell)] as const).filter(([, text]) => text !== "");
  const width = Math.max(0, ...shown.map(([name]) => name.length)) + 2;
  return shown.map(([name, text]) => `${name.padEnd(width)}${text}\n`).join("");
};

export const labelText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => (value === "" ? name : `${name}=${value}`))
    .join(" ");

export const shortDigest = (digest: string | undefined): string => digest?.slice(0, 12) ?? "";
