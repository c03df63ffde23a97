// Which folder of a config drive cloud-init reads, and whether those who read `latest` find the same there (sources/helpers/openstack.py,
// BaseReader._find_working_version).
import { versionReadOf } from "../../core/drive-paths.ts";
import { canonicalJson, isObject } from "../canonical-json.ts";
import { longestJsonBytes, parseJson } from "./documents.ts";

const latest = "openstack/latest";
const metaData = "meta_data.json";
export const latestMetaData = `${latest}/${metaData}`;

export interface OpenstackFolder {
  /** That is looked at. */
  readonly path: string;
  /** That cloud-init would read: another one only where it finds no meta_data.json there. */
  readonly readPath: string;
  readonly hasLatest: boolean;
  /** Names of files that differ from those in `latest`. */
  readonly unlike: readonly string[];
}

/** Names in the folder `openstack`: cloud-init takes each for a version, be it empty or a file. */
export const versionsIn = (entries: Iterable<{ readonly path: string }>): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const { path } of entries) {
    const [, name] = /^openstack\/([^/]+)/.exec(path) ?? [];
    if (name !== undefined) names.add(name);
  }
  return names;
};

const files = [metaData, "network_data.json", "user_data", "vendor_data.json", "vendor_data2.json"] as const;

/** Others came with later versions, so that an older folder lacks them by right. */
const firstMembers =
  "uuid name hostname launch_index availability_zone public_keys meta files network_config admin_pass";

/** Nova makes a `random_seed` for each folder. */
const isSameMetaData = (one: Buffer, ofLatest: Buffer): boolean => {
  if (Math.max(one.length, ofLatest.length) > longestJsonBytes) return false;
  const [given, newest] = [parseJson(one), parseJson(ofLatest)];
  if (!isObject(given) || !isObject(newest)) return false;
  const names = new Set([...Object.keys(given), ...firstMembers.split(" ")]);
  names.delete("random_seed");
  return [...names].every((name) => canonicalJson(given[name] ?? null) === canonicalJson(newest[name] ?? null));
};

/** Undefined for a file that is not there. */
type ReadFile = (path: string) => Promise<Buffer | undefined>;

const isUnlike = async (readFile: ReadFile, folder: string, name: string): Promise<boolean> => {
  const one = await readFile(`${folder}/${name}`);
  const ofLatest = await readFile(`${latest}/${name}`);
  if (one === undefined || ofLatest === undefined) return one !== ofLatest;
  return !one.equals(ofLatest) && !(name === metaData && isSameMetaData(one, ofLatest));
};

const unlikeLatest = async (readFile: ReadFile, folder: string): Promise<readonly string[]> => {
  const unlike: string[] = [];
  for (const name of files) if (await isUnlike(readFile, folder, name)) unlike.push(name);
  return unlike;
};

/** Undefined where there is no meta_data.json in any. */
export const findFolder = async (
  versions: ReadonlySet<string>,
  paths: ReadonlySet<string>,
  readFile: ReadFile,
): Promise<OpenstackFolder | undefined> => {
  const isThere = (folder: string): boolean => paths.has(`${folder}/${metaData}`);
  const readPath = `openstack/${versionReadOf(versions)}`;
  const others = [...versions].toSorted().map((version) => `openstack/${version}`);
  const path = isThere(readPath) ? readPath : isThere(latest) ? latest : others.findLast(isThere);
  if (path === undefined) return undefined;
  const hasLatest = isThere(latest);
  const isBeside = hasLatest && path === readPath && path !== latest;
  return { path, readPath, hasLatest, unlike: isBeside ? await unlikeLatest(readFile, path) : [] };
};

const namesOf = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

export const folderWarnings = ({ path, readPath, hasLatest, unlike }: OpenstackFolder): readonly string[] => {
  if (path !== readPath)
    return [`cloud-init would read ${readPath}, which has no ${metaData}, and so take nothing from this drive.`];
  if (!hasLatest)
    return [
      `There is no ${latestMetaData}: cloud-init reads ${readPath}, but others, such as Ignition, only ${latest}.`,
    ];
  if (unlike.length === 0) return [];
  return [`cloud-init reads ${readPath}, not ${latest} as others do, and they differ in ${namesOf(unlike)}.`];
};
