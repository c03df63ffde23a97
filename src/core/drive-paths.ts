// Which of an image's files cloud-init reads at boot: those of its data sources ConfigDrive and NoCloud.

/** `openstack/VERSION/…`; what lies in `openstack/content/` is of no version. */
export const driveVersionOf = (path: string): string | undefined =>
  /^openstack\/(?!content\/)([^/]+)\/./.exec(path)?.[1];

const noCloudFiles: ReadonlySet<string> = new Set(["meta-data", "user-data", "vendor-data", "network-config"]);

/** In the root. */
export const isNoCloudFile = (path: string): boolean => noCloudFiles.has(path.toLowerCase());
