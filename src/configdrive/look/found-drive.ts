// What a tree holds for cloud-init: which layout, which of its files, parsed. The same for a tree that was built and for one that a reader found.
import type { Json } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import type { DriveLayout } from "../../core/vocabulary.ts";
import { type FoundTree, type ReadAt, readFileBytes, type Tree } from "../tree.ts";
import { longestJsonBytes, parseJson, parseYamlDocument } from "./documents.ts";

/** Paths of files, and how to read one. */
export interface FileView {
  readonly paths: ReadonlySet<string>;
  read(path: string): Promise<Buffer>;
}

export interface FoundDrive {
  /** Undefined where there is nothing that cloud-init would take for a config drive. */
  readonly layout?: DriveLayout;
  /** Documents that are there; `null` also for one that cannot be parsed. */
  readonly metaData?: Json;
  readonly networkData?: Json;
  readonly userData?: Buffer;
  /** By the file's name. */
  readonly vendorData: readonly { readonly name: string; readonly bytes: Buffer }[];
  /** Documents that are not what their names say. */
  readonly malformed: readonly string[];
}

/** The largest config drive that Ironic takes. A boot image may hold a file of this name that is larger than our memory. */
const longestFileBytes = 64 << 20;

export const viewOfTree = (tree: Tree): FileView => {
  const files = new Map(tree.flatMap((entry) => (entry.kind === "file" ? [[entry.path, entry.bytes] as const] : [])));
  return {
    paths: new Set(files.keys()),
    read: async (path) => Buffer.from(files.get(path) ?? []),
  };
};

export const viewOfFound = ({ entries }: FoundTree, readAt: ReadAt): FileView => {
  const files = new Map(entries.flatMap((entry) => (entry.kind === "file" ? [[entry.path, entry] as const] : [])));
  return {
    paths: new Set(files.keys()),
    read: async (path) => {
      const found = files.get(path);
      if (found === undefined) return Buffer.alloc(0);
      if (found.sizeBytes <= longestFileBytes) return readFileBytes(readAt, found);
      throw new MediabayError("IMAGE_INVALID", `The image's ${path} is larger than a config drive can be.`);
    },
  };
};

export const latestMetaData = "openstack/latest/meta_data.json";

/** Folders with a meta_data.json: `latest` first, then the newest. */
const openstackFolders = ({ paths }: FileView): readonly string[] => {
  const versions = [...paths].flatMap((path) => /^openstack\/([^/]+)\/meta_data\.json$/.exec(path)?.[1] ?? []);
  const dated = versions.filter((version) => version !== "latest").toSorted();
  return [...(versions.includes("latest") ? ["latest"] : []), ...dated.toReversed()].map(
    (version) => `openstack/${version}`,
  );
};

interface Names {
  readonly metaData: string;
  readonly networkData: string;
  readonly userData: string;
  readonly vendorData: readonly string[];
}

const openstackNames = (folder: string): Names => ({
  metaData: `${folder}/meta_data.json`,
  networkData: `${folder}/network_data.json`,
  userData: `${folder}/user_data`,
  vendorData: [`${folder}/vendor_data.json`, `${folder}/vendor_data2.json`],
});

const nocloudNames: Names = {
  metaData: "meta-data",
  networkData: "network-config",
  userData: "user-data",
  vendorData: ["vendor-data"],
};

const readDrive = async (view: FileView, layout: DriveLayout, names: Names): Promise<FoundDrive> => {
  const malformed: string[] = [];
  const bytesOf = async (path: string): Promise<Buffer | undefined> =>
    view.paths.has(path) ? view.read(path) : undefined;
  const document = async (path: string): Promise<Json | undefined> => {
    const bytes = await bytesOf(path);
    if (bytes === undefined) return undefined;
    const parse = layout === "nocloud" ? parseYamlDocument : parseJson;
    const value = bytes.length > longestJsonBytes ? undefined : parse(bytes);
    if (value === undefined) malformed.push(path);
    return value ?? null;
  };
  const vendorData: FoundDrive["vendorData"][number][] = [];
  for (const name of names.vendorData) {
    const bytes = await bytesOf(name);
    if (bytes !== undefined) vendorData.push({ name, bytes });
  }
  const metaData = await document(names.metaData);
  const networkData = await document(names.networkData);
  const userData = await bytesOf(names.userData);
  return {
    layout,
    ...(metaData !== undefined && { metaData }),
    ...(networkData !== undefined && { networkData }),
    ...(userData !== undefined && { userData }),
    vendorData,
    malformed,
  };
};

export const findDrive = async (view: FileView): Promise<FoundDrive> => {
  const [folder] = openstackFolders(view);
  if (folder !== undefined) return readDrive(view, "openstack", openstackNames(folder));
  if (view.paths.has(nocloudNames.metaData)) return readDrive(view, "nocloud", nocloudNames);
  return { vendorData: [], malformed: [] };
};
