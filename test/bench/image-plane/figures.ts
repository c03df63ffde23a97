// What the image plane's benchmark measured, and the table of it with its aims.
import { aim, median, type Table } from "../table.ts";
import type { BenchServer } from "./image-servers.ts";

export interface Image {
  readonly name: string;
  readonly file: "small.iso" | "large.iso";
  readonly sizeBytes: number;
  /** The aim: at most so many times the CPU of nginx, for ranges up to `upToBytes`. */
  readonly mostOfNginx: number;
  readonly upToBytes: number;
}

export const images = [
  { name: "config drive, 4 MiB", file: "small.iso", sizeBytes: 4 << 20, mostOfNginx: 1.5, upToBytes: 1 << 20 },
  { name: "boot image, 128 MiB", file: "large.iso", sizeBytes: 128 << 20, mostOfNginx: 2.5, upToBytes: 64 << 10 },
] as const satisfies readonly Image[];
export const rangeSizes = [4 << 10, 64 << 10, 1 << 20] as const;
const leastOfExpress = 4;

export interface Figure {
  /** Of one request. */
  readonly cpuMicros: number;
  /** The part of it that the kernel took. */
  readonly kernelMicros: number;
  readonly requestsPerSecond: number;
  /** Share of one core that the server used: well below 1 means that the load generator was the limit. */
  readonly busy: number;
}

/** By `keyOf`, one figure a round. */
export type Figures = ReadonlyMap<string, readonly Figure[]>;

export const keyOf = (server: BenchServer, image: Image, rangeBytes: number): string =>
  `${server.name} ${image.file} ${rangeBytes}`;

export interface Measured {
  readonly figures: Figures;
  /** Ours, nginx, express.static. */
  readonly servers: readonly BenchServer[];
  readonly wholeByPython: Figure;
  /** How it was measured, for a note. */
  readonly setup: string;
}

const showBytes = (bytes: number): string => (bytes < 1 << 20 ? `${bytes >> 10} KiB` : `${bytes >> 20} MiB`);
const showFigure = (list: readonly Figure[]): string =>
  `${median(list.map(({ cpuMicros }) => cpuMicros)).toFixed(1)} µs · ${Math.round(
    median(list.map(({ requestsPerSecond }) => requestsPerSecond)),
  )}/s`;
const pairedRatio = (these: readonly Figure[], those: readonly Figure[]): number =>
  median(these.map(({ cpuMicros }, round) => cpuMicros / (those[round]?.cpuMicros ?? Number.NaN)));

const showRatios = (image: Image, rangeBytes: number, ofNginx: number, ofExpress: number): readonly string[] => [
  rangeBytes > image.upToBytes
    ? `${ofNginx.toFixed(2)}× (no aim)`
    : `${ofNginx.toFixed(2)}× (${aim(`≤ ${image.mostOfNginx}×`, ofNginx <= image.mostOfNginx)})`,
  `${ofExpress.toFixed(2)}× (${aim(`≥ ${leastOfExpress}×`, ofExpress >= leastOfExpress)})`,
];

const toRow = ({ figures, servers }: Measured, image: Image, rangeBytes: number): readonly string[] => {
  const [ours = [], nginx = [], express = []] = servers.map(
    (server) => figures.get(keyOf(server, image, rangeBytes)) ?? [],
  );
  return [
    image.name,
    showBytes(rangeBytes),
    ...[ours, nginx, express].map(showFigure),
    ...showRatios(image, rangeBytes, pairedRatio(ours, nginx), pairedRatio(express, ours)),
  ];
};

/** Why the largest range of an image in memory cannot be as cheap as with nginx. */
const noteOnKernel = ({ figures, servers }: Measured): readonly string[] => {
  const [ours, nginx] = servers.map((server) => figures.get(keyOf(server, images[0], 1 << 20)) ?? []);
  const kernel = (list: readonly Figure[] = []): string =>
    `${median(list.map(({ kernelMicros }) => kernelMicros)).toFixed(0)} µs`;
  return [
    `1 MiB of the config drive costs the kernel ${kernel(ours)} with us and ${kernel(nginx)} with nginx: sendfile(2), which Node cannot`,
    "call, hands pages over where write(2) copies them.",
  ];
};

export const toTable = (measured: Measured): Table => {
  const { figures, servers, wholeByPython, setup } = measured;
  const lists = [...figures.values()];
  const idle = lists.filter((list) => median(list.map(({ busy }) => busy)) < 0.85).length;
  return {
    title: "Image plane: server CPU per range request · requests/s",
    columns: ["image", "range", ...servers.map(({ name }) => name), "ours ÷ nginx", "express ÷ ours"],
    rows: images.flatMap((image) => rangeSizes.map((rangeBytes) => toRow(measured, image, rangeBytes))),
    notes: [
      `${setup}; ratios are medians of CPU per request within a round.`,
      `python3 -m http.server: n.a., it ignores Range and sends all of the config drive (${showFigure([wholeByPython])}).`,
      `In ${idle} of ${lists.length} cells the server had time left: those requests/s are the limit of wrk, or of a busy machine.`,
      ...noteOnKernel(measured),
    ],
  };
};
