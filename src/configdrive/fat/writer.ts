// Writes a tree of files as a FAT volume without a partition table. Equal trees and options give equal bytes, whatever the tree's order.
// Microsoft "FAT: General Overview of On-Disk Format" 1.03.
import { createHash } from "node:crypto";
import type { Tree } from "../tree.ts";
import { recordBytes } from "./names.ts";
import { writeBoot } from "./write/boot-sector.ts";
import { writeDirectory } from "./write/directory-records.ts";
import { clustersFor, directoryClusters, type FatOptions, fitImage } from "./write/fit.ts";
import type { Geometry } from "./write/geometry.ts";
import { labelField, noLabel } from "./write/label.ts";
import { type DirectoryNode, type FatNode, planDirectories, recordsOf, type SizedEntry } from "./write/nodes.ts";
import { type Chain, writeTables } from "./write/table.ts";

const planImage = (entries: readonly SizedEntry[], options: FatOptions) => {
  const label = labelField(options.label);
  const labelRecords = label === undefined ? 0 : 1;
  const directories = planDirectories(entries);
  return { label, labelRecords, directories, ...fitImage(directories, labelRecords, options) };
};

type ImagePlan = ReturnType<typeof planImage>;

/** Directories first, so that what a reader needs to find its way lies together; then the files in the order of their paths. */
const allot = ({ directories, geometry, labelRecords }: ImagePlan): ReadonlyMap<FatNode, Chain> => {
  const chains = new Map<FatNode, Chain>();
  let first = 2;
  const take = (node: FatNode, clusters: number): void => {
    chains.set(node, { first, clusters });
    first += clusters;
  };
  for (const directory of directories) {
    const isRoot = directory.parent === undefined;
    const records = recordsOf(directory) + (isRoot ? labelRecords : 0);
    if (!isRoot || geometry.width === 32) take(directory, directoryClusters(records, geometry.clusterBytes));
  }
  for (const { children } of directories)
    for (const node of children)
      if (node.kind === "file") take(node, clustersFor(node.sizeBytes, geometry.clusterBytes));
  return chains;
};

const writeContent = (image: Buffer, plan: ImagePlan, chains: ReadonlyMap<FatNode, Chain>): void => {
  const { dataOffset, clusterBytes, rootRecords } = plan.geometry;
  const clusterOf = (node: FatNode): number => {
    const chain = chains.get(node);
    const isRoot = node.kind === "directory" && node.parent === undefined;
    return chain === undefined || chain.clusters === 0 || isRoot ? 0 : chain.first;
  };
  const placeOf = (node: DirectoryNode): Buffer => {
    const chain = chains.get(node);
    const from =
      chain === undefined ? dataOffset - rootRecords * recordBytes : dataOffset + (chain.first - 2) * clusterBytes;
    return image.subarray(from, chain === undefined ? dataOffset : from + chain.clusters * clusterBytes);
  };
  for (const directory of plan.directories) {
    const label = directory.parent === undefined ? plan.label : undefined;
    writeDirectory(placeOf(directory), directory, { clusterOf, ...(label !== undefined && { label }) });
  }
  for (const [node, { first }] of chains)
    if (node.kind === "file" && node.bytes !== undefined)
      image.set(node.bytes, dataOffset + (first - 2) * clusterBytes);
};

const usedClustersOf = (chains: ReadonlyMap<FatNode, Chain>): number =>
  [...chains.values()].reduce((total, { clusters }) => total + clusters, 0);

/** Of all that was written so far. */
const serialOf = (image: Buffer, { dataOffset, clusterBytes }: Geometry, usedClusters: number): number =>
  createHash("sha256")
    .update(image.subarray(0, dataOffset + usedClusters * clusterBytes))
    .digest()
    .readUInt32LE(0);

/**
 * @throws MediabayError INVALID_REQUEST where FAT forbids a name, IMAGE_DOES_NOT_FIT where names differ only in case, or where there is
 * not enough room
 */
export const writeFat = (tree: Tree, options: FatOptions = {}): Buffer => {
  const plan = planImage(tree, options);
  const chains = allot(plan);
  const image = Buffer.alloc(plan.sizeBytes);
  const usedClusters = usedClustersOf(chains);
  writeTables(image, plan.geometry, [...chains.values()]);
  writeContent(image, plan, chains);
  const serial = serialOf(image, plan.geometry, usedClusters);
  writeBoot(image, plan.geometry, { serial, label: plan.label ?? noLabel, usedClusters });
  return image;
};

/** What `writeFat` would make of files of these sizes; throws what it would throw. */
export const fatSizeOf = (entries: readonly SizedEntry[], options: FatOptions = {}): number =>
  planImage(entries, options).sizeBytes;
