// What the benchmark of sealing measured, and the table of it with its aim.
import { aim, median, type Table } from "../table.ts";

export const rounds = 5;
export const secondsPerRun = 1;

export const images = [
  { name: "128 MiB, all in the cache", file: "small.iso", sizeBytes: 128 << 20 },
  { name: "512 MiB, a quarter in it", file: "large.iso", sizeBytes: 512 << 20 },
] as const;
const rangeSizes = [4 << 10, 64 << 10, 1 << 20] as const;
const orders = ["random", "sequential"] as const;
const leastRatio = 0.8;

export type Image = (typeof images)[number];

export interface Figure {
  readonly cpuMicros: number;
  readonly requestsPerSecond: number;
}

export interface Cell {
  readonly image: Image;
  readonly order: (typeof orders)[number];
  readonly rangeBytes: number;
  /** One a round. */
  readonly plain: Figure[];
  readonly sealed: Figure[];
}

export const cellsOf = (image: Image): readonly Cell[] =>
  orders.flatMap((order) =>
    rangeSizes.map((rangeBytes): Cell => ({ image, order, rangeBytes, plain: [], sealed: [] })),
  );

const show = (figures: readonly Figure[]): string =>
  `${median(figures.map(({ cpuMicros }) => cpuMicros)).toFixed(1)} µs · ${Math.round(
    median(figures.map(({ requestsPerSecond }) => requestsPerSecond)),
  )}/s`;

const showBytes = (bytes: number): string => (bytes < 1 << 20 ? `${bytes >> 10} KiB` : `${bytes >> 20} MiB`);

/** Of each round, in which both met the same neighbours. */
const paired = ({ plain, sealed }: Cell, ratio: (sealed: Figure, plain: Figure) => number): number =>
  median(sealed.flatMap((figure, round) => (plain[round] === undefined ? [] : [ratio(figure, plain[round])])));

const toRow = (cell: Cell): readonly string[] => {
  const throughput = paired(cell, (sealed, plain) => sealed.requestsPerSecond / plain.requestsPerSecond);
  const cpu = paired(cell, (sealed, plain) => plain.cpuMicros / sealed.cpuMicros);
  return [
    cell.image.name,
    cell.order,
    showBytes(cell.rangeBytes),
    show(cell.sealed),
    show(cell.plain),
    `${throughput.toFixed(2)}× (${aim(`≥ ${leastRatio}×`, throughput >= leastRatio)})`,
    `${cpu.toFixed(2)}×`,
  ];
};

export const toTable = (cells: readonly Cell[], load: string): Table => ({
  title: "Sealing at rest: server CPU per range request · requests/s",
  columns: ["image", "places", "range", "sealed", "plain", "throughput, sealed ÷ plain", "CPU, plain ÷ sealed"],
  rows: cells.map(toRow),
  notes: [
    `${load}, ${rounds} paired rounds of ${secondsPerRun} s; ratios are medians within a round. Chunks of 64 KiB, 128 MiB of them in memory opened.`,
    "Images up to 8 MiB, which config drives mostly are, stay in memory whole: sealing costs their readers nothing.",
  ],
});
