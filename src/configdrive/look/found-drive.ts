// What a tree holds for cloud-init: which layout, which of its files, parsed. The same for a tree that was built and for one that a reader found.
import type { Json } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import type { DriveLayout } from "../../core/vocabulary.ts";
import { type FoundTree, type ReadAt, readFileBytes, type Tree } from "../tree.ts";
import { createBreathe } from "../breath.ts";
import { readJson, readYaml } from "./documents.ts";
import { findFolder, type OpenstackFolder, versionsIn } from "./openstack-folder.ts";

/** Paths of files, and how to read one. */
export interface FileView {
  readonly paths: ReadonlySet<string>;
  /** Names in the folder `openstack`. */
  readonly versions: ReadonlySet<string>;
  read(path: string): Promise<Buffer>;
}

/** `unread`: why it was not looked into; cloud-init may well take it. */
export interface Malformed {
  readonly path: string;
  readonly unread?: string;
}

export interface FoundDrive {
  /** Undefined where there is nothing that cloud-init would take for a config drive. */
  readonly layout?: DriveLayout;
  /** Of the layout `openstack`. */
  readonly folder?: OpenstackFolder;
  /** Documents that are there; `null` also for one that cannot be parsed. */
  readonly metaData?: Json;
  readonly networkData?: Json;
  readonly userData?: Buffer;
  /** By the file's name. */
  readonly vendorData: readonly { readonly name: string; readonly bytes: Buffer }[];
  /** The line of a MAC address in the network data that is a number to cloud-init. */
  readonly numericMac?: number;
  /** Documents that are not what their names say, or that were not looked into. */
  readonly malformed: readonly Malformed[];
}

/** The largest config drive that Ironic takes. A boot image may hold a file of this name that is larger than our memory. */
const longestFileBytes = 64 << 20;

export const viewOfTree = (tree: Tree): FileView => {
  const files = new Map(tree.flatMap((entry) => (entry.kind === "file" ? [[entry.path, entry.bytes] as const] : [])));
  return {
    paths: new Set(files.keys()),
    versions: versionsIn(tree),
    read: async (path) => Buffer.from(files.get(path) ?? []),
  };
};

export const viewOfFound = ({ entries }: FoundTree, readAt: ReadAt): FileView => {
  const files = new Map(entries.flatMap((entry) => (entry.kind === "file" ? [[entry.path, entry] as const] : [])));
  return {
    paths: new Set(files.keys()),
    versions: versionsIn(entries),
    read: async (path) => {
      const found = files.get(path);
      if (found === undefined) return Buffer.alloc(0);
      if (found.sizeBytes <= longestFileBytes) return readFileBytes(readAt, found);
      throw new MediabayError("IMAGE_INVALID", `The image's ${path} is larger than a config drive can be.`);
    },
  };
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

const bytesIn =
  (view: FileView) =>
  async (path: string): Promise<Buffer | undefined> =>
    view.paths.has(path) ? view.read(path) : undefined;

const readDrive = async (view: FileView, layout: DriveLayout, names: Names): Promise<FoundDrive> => {
  const malformed: Malformed[] = [];
  const numericMacs = new Map<string, number>();
  const bytesOf = bytesIn(view);
  const breathe = createBreathe();
  const document = async (path: string): Promise<Json | undefined> => {
    const bytes = await bytesOf(path);
    if (bytes === undefined) return undefined;
    // One may take as long as others can wait.
    await breathe(bytes.length);
    const given = layout === "nocloud" ? readYaml(bytes) : readJson(bytes);
    if (given.fault === undefined) {
      if (given.numericMac !== undefined) numericMacs.set(path, given.numericMac);
      return given.value;
    }
    malformed.push({ path, ...(given.unread === true && { unread: given.fault }) });
    return null;
  };
  const vendorData: FoundDrive["vendorData"][number][] = [];
  for (const name of names.vendorData) {
    const bytes = await bytesOf(name);
    if (bytes !== undefined) vendorData.push({ name, bytes });
  }
  const metaData = await document(names.metaData);
  const networkData = await document(names.networkData);
  const userData = await bytesOf(names.userData);
  const numericMac = numericMacs.get(names.networkData);
  return {
    layout,
    ...(metaData !== undefined && { metaData }),
    ...(networkData !== undefined && { networkData }),
    ...(userData !== undefined && { userData }),
    vendorData,
    ...(numericMac !== undefined && { numericMac }),
    malformed,
  };
};

export const findDrive = async (view: FileView): Promise<FoundDrive> => {
  const folder = await findFolder(view.versions, view.paths, bytesIn(view));
  if (folder !== undefined) return { ...(await readDrive(view, "openstack", openstackNames(folder.path))), folder };
  if (view.paths.has(nocloudNames.metaData)) return readDrive(view, "nocloud", nocloudNames);
  return { vendorData: [], malformed: [] };
};
