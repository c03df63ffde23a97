// What a benchmark answers, and how it is shown.
import CliTable from "cli-table3";

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

/** NaN for an empty list. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
};

/** What was aimed at and whether it was reached, as a cell or a note shows it. */
export const aim = (wanted: string, isMet: boolean): string => `aim ${wanted}: ${isMet ? "met" : "missed"}`;

export const printTable = ({ title, columns, rows, notes }: Table): void => {
  const table = new CliTable({ head: [...columns], style: { head: [], border: [] } });
  table.push(...rows.map((row) => [...row]));
  process.stdout.write(`${title}\n${table.toString()}\n${notes.map((note) => `  ${note}\n`).join("")}`);
};
