// Which of an image's files cloud-init reads at boot: those of its data sources ConfigDrive and NoCloud.

/** `openstack/VERSION/…`; what lies in `openstack/content/` is of no version. */
export const driveVersionOf = (path: string): string | undefined =>
  /^openstack\/(?!content\/)([^/]+)\/./.exec(path)?.[1];

const noCloudFiles: ReadonlySet<string> = new Set(["meta-data", "user-data", "vendor-data", "network-config"]);

/** In the root. */
export const isNoCloudFile = (path: string): boolean => noCloudFiles.has(path.toLowerCase());

/** That cloud-init knows, oldest first (sources/helpers/openstack.py, OS_VERSIONS). */
const knownVersions: readonly string[] = [
  "2012-08-10",
  "2013-04-04",
  "2013-10-17",
  "2015-10-15",
  "2016-06-30",
  "2016-10-06",
  "2017-02-22",
  "2018-08-27",
];

/** Of all names in `openstack/`: the newest version that it knows, whatever is in it; `latest` only without one. */
export const versionReadOf = (names: ReadonlySet<string>): string =>
  knownVersions.findLast((version) => names.has(version)) ?? "latest";

const lookedUp =
  /^openstack(?:\/(?:latest|content)|\/[^/]+\/(?:meta_data\.json|network_data\.json|user_data|vendor_data2?\.json))?$/;

/**
 * A name in a file system whose lookups ignore case, such as FAT's: of what cloud-init looks for as it spells it, else as it is.
 * @param folder with names of this spelling; empty for the root
 */
export const nameAsLookedUp = (folder: string, name: string): string => {
  const lower = name.replaceAll(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
  const path = folder === "" ? lower : `${folder}/${lower}`;
  return lookedUp.test(path) || isNoCloudFile(path) ? lower : name;
};
