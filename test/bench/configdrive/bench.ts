// Benchmark of building a config drive: ours, from JSON or files in memory to an image file, against the programs that others call for each
// drive, from a folder that lies ready to the same file.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { existsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildDrive } from "../../../src/configdrive/build.ts";
import { writeFat } from "../../../src/configdrive/fat/writer.ts";
import { writeIso9660 } from "../../../src/configdrive/iso9660/writer.ts";
import type { Tree } from "../../../src/configdrive/tree.ts";
import type { ImageFormat } from "../../../src/core/vocabulary.ts";
import type { Bench } from "../bench.ts";
import { aim, median, type Table } from "../table.ts";
import { type Peer, peers } from "./peers.ts";

const rounds = 21;
/** A gateway builds all day long: its compiler has seen the writers. */
const warmUps = 100;
/** In memory where there is such a place: a disk's moods would drown what is measured. */
const place = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const aims: Readonly<Record<ImageFormat, number>> = { iso9660: 10, fat: 3 };

interface Case {
  readonly name: string;
  /** Its time is that of copying the bytes, whoever does it. */
  readonly isCopying?: true;
  tree(): Tree;
}

const inMemory = (count: number, length: number): (() => Tree) => {
  const tree = Array.from({ length: count }, (_, index) => ({
    kind: "file" as const,
    path: `openstack/content/${Math.floor(index / 100)}/file-${index}.json`,
    bytes: Buffer.alloc(length, `${index} `),
  }));
  return () => tree;
};

const cases: readonly Case[] = [
  {
    name: "config drive of 8 files",
    tree: () =>
      buildDrive({
        content: {
          meta_data: { uuid: "5a2f9b1e-0000-4000-8000-000000000001", name: "node-7", hostname: "node-7.example" },
          network_data: { links: [{ id: "l0", type: "phy", ethernet_mac_address: "52:54:00:aa:bb:01" }], networks: [] },
          user_data: `#cloud-config\n${"# text\n".repeat(500)}`,
          vendor_data: { "cloud-init": "#cloud-config\n" },
        },
      }).tree,
  },
  {
    name: "1,000 files of 4 KiB",
    tree: inMemory(1000, 4096),
  },
  {
    name: "8 files of 6 MiB",
    isCopying: true,
    tree: inMemory(8, 6 << 20),
  },
];

const writers: Readonly<Record<ImageFormat, (tree: Tree) => Buffer>> = {
  iso9660: (tree) => writeIso9660(tree, { label: "config-2" }),
  fat: (tree) => writeFat(tree, { label: "config-2" }),
};

const writeTree = async (tree: Tree, folder: string): Promise<void> => {
  for (const entry of tree) {
    if (entry.kind !== "file") continue;
    await mkdir(dirname(join(folder, entry.path)), { recursive: true });
    await writeFile(join(folder, entry.path), entry.bytes);
  }
};

const timed = (work: () => void): number => {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
};

interface Measured {
  readonly peer: Peer;
  readonly oursMs: number;
  readonly peerMs: number;
}

/** Taking turns, so that a noisy neighbour meets both. */
const measure = (peer: Peer, { tree, isCopying }: Case, folder: string): Measured => {
  const image = join(folder, `image.${peer.format}`);
  const build = (): Buffer => {
    const built = writers[peer.format](tree());
    writeFileSync(image, built);
    return built;
  };
  const sizeBytes = build().length;
  for (let warmUp = 0; warmUp < (isCopying ? 2 : warmUps); warmUp += 1) build();
  const ours: number[] = [];
  const others: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(timed(build));
    others.push(timed(() => peer.build(join(folder, "tree"), image, sizeBytes)));
  }
  return { peer, oursMs: median(ours), peerMs: median(others) };
};

const showMs = (ms: number): string => `${ms.toFixed(ms < 10 ? 2 : 0)} ms`;

const rowOf = ({ name, isCopying }: Case, { peer, oursMs, peerMs }: Measured): readonly string[] => {
  const ratio = peerMs / oursMs;
  const wanted = aims[peer.format];
  return [
    name,
    peer.format,
    showMs(oursMs),
    `${peer.name} ${showMs(peerMs)}`,
    `${ratio.toFixed(1)}×`,
    isCopying ? "none: copying" : aim(`≥ ${wanted}×`, ratio >= wanted),
  ];
};

const benchCase = async (one: Case): Promise<readonly (readonly string[])[]> => {
  const folder = await mkdtemp(join(place, "mediabay-bench-configdrive-"));
  try {
    await writeTree(one.tree(), join(folder, "tree"));
    return peers.map((peer) => rowOf(one, measure(peer, one, folder)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const benchConfigdrive = async (): Promise<Table> => {
  const rows: (readonly string[])[] = [];
  for (const one of cases) rows.push(...(await benchCase(one)));
  return {
    title: "Building a config drive",
    columns: ["files", "format", "Mediabay", "peer", "ratio", "aim"],
    rows,
    notes: [
      `Medians of ${rounds} builds each, in turns, to a file in ${place}; ours after ${warmUps} that are not counted.`,
      "Ours begins with JSON or bytes in memory; the peers find a folder with the same files ready, whose making is not counted.",
      "The peers' times hold the start of their processes: whoever calls them pays it for every drive.",
    ],
  };
};

export const bench: Bench = {
  needs: ["genisoimage", "xorriso", "mkfs.vfat", "mcopy"],
  run: benchConfigdrive,
};
