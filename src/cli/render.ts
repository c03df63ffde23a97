// What people see: tables, records, times and sizes. Scripts use `--json`.
import { stripVTControlCharacters } from "node:util";

/** Text from a BMC or an origin may hold escape sequences; a terminal must never obey them. */
export const plain = (text: string): string => stripVTControlCharacters(text).replaceAll(/[^\P{Cc}\n\t]/gu, "");

const two = (value: number): string => String(value).padStart(2, "0");

/** Local, to the minute: `2026-11-24 03:25`. */
export const formatTime = (value: string | number | undefined): string => {
  if (value === undefined) return "";
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return String(value);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
};

/** Local, to the second: `03:25:07`. */
export const formatTimeOfDay = (value: string): string => {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return value;
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
};

export type Cell = string | number | boolean | undefined;

const cellText = (cell: Cell): string =>
  typeof cell === "boolean" ? (cell ? "yes" : "no") : plain(cell === undefined ? "" : String(cell));

const borderless = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

/** Columns under their titles; `empty` where there is no row. */
export const table = async (
  titles: readonly string[],
  rows: readonly (readonly Cell[])[],
  empty: string,
): Promise<string> => {
  if (rows.length === 0) return `${empty}\n`;
  const { default: Table } = await import("cli-table3");
  const drawn = new Table({
    head: titles.map((title) => title.toUpperCase()),
    chars: borderless,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  drawn.push(...rows.map((row) => row.map(cellText)));
  return `${drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")}\n`;
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
