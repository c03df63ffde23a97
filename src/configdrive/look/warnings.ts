// What would keep cloud-init from finding a config drive, or from using what is in it: sentences for people, without a word of its content.
import { isObject } from "../canonical-json.ts";
import type { FileView, FoundDrive } from "./found-drive.ts";
import { networkWarnings } from "./network-data.ts";
import { folderWarnings, latestMetaData } from "./openstack-folder.ts";
import { userDataWarnings } from "./user-data.ts";

/** cloud-init asks blkid for these spellings and no other (DataSourceConfigDrive LABEL_TYPES, DataSourceNoCloud, ds-identify). */
const openstackLabels: readonly (string | undefined)[] = ["config-2", "CONFIG-2"];
const nocloudLabels: readonly (string | undefined)[] = ["cidata", "CIDATA"];

const shown = (label: string | undefined): string =>
  label === undefined ? "it has no label" : `its label is ${JSON.stringify(label)}`;

const mostWarnings = 50;

/** Enough of them for people: a hostile image could earn millions. */
export const someOf = (warnings: readonly string[]): readonly string[] =>
  warnings.length <= mostWarnings
    ? warnings
    : [...warnings.slice(0, mostWarnings), `There are ${warnings.length - mostWarnings} warnings more.`];

/** @param label as blkid shows it */
export const labelWarnings = (label: string | undefined, { layout }: FoundDrive): readonly string[] => {
  if (layout === "openstack" && !openstackLabels.includes(label))
    return [`cloud-init would not find this config drive: ${shown(label)}, not config-2.`];
  if (layout === "nocloud" && !nocloudLabels.includes(label))
    return [`cloud-init would not find this NoCloud drive: ${shown(label)}, not CIDATA.`];
  if (openstackLabels.includes(label) && layout === undefined)
    return [`The label is ${label}, but there is no ${latestMetaData}.`];
  if (nocloudLabels.includes(label) && layout === undefined)
    return [`The label is ${label}, but there are no meta-data and user-data in the root.`];
  return layout === undefined ? ["This is no config drive that cloud-init knows."] : [];
};

const metaDataWarnings = ({ layout, metaData, malformed }: FoundDrive): readonly string[] => {
  if (malformed.some(({ path }) => /meta[_-]data/.test(path))) return [];
  if (!isObject(metaData)) return ["meta_data is no object: cloud-init would not use the drive."];
  const key = layout === "nocloud" ? "instance-id" : "uuid";
  const id = metaData[key];
  if (id === undefined || id === null || id === "")
    return [`meta_data has no ${key}: cloud-init could not tell this instance from another.`];
  return typeof id === "string" ? [] : [`meta_data's ${key} is no text.`];
};

const nocloudWarnings = ({ layout }: FoundDrive, view: FileView): readonly string[] =>
  layout === "nocloud" && !view.paths.has("user-data")
    ? ["There is no user-data: cloud-init takes a NoCloud drive only with meta-data and user-data, be it empty."]
    : [];

const numericMacWarnings = ({ numericMac: line }: FoundDrive): readonly string[] =>
  line === undefined
    ? []
    : [
        `network-config has a MAC address without quotation marks in line ${line}: cloud-init would take it for a number and configure no network with it.`,
      ];

export const driveWarnings = (drive: FoundDrive, view: FileView): readonly string[] => {
  const { layout, folder, networkData, userData, malformed } = drive;
  if (layout === undefined) return [];
  return [
    ...(folder === undefined ? [] : folderWarnings(folder)),
    ...malformed.map(({ path, unread }) =>
      unread === undefined
        ? `${path} is not ${layout === "nocloud" ? "YAML" : "JSON"}: cloud-init would not use it.`
        : `${path} ${unread}: it was not looked into.`,
    ),
    ...metaDataWarnings(drive),
    ...(malformed.some(({ path }) => /network/.test(path)) ? [] : networkWarnings(networkData, layout)),
    ...numericMacWarnings(drive),
    ...(userData === undefined ? [] : userDataWarnings(userData)),
    ...nocloudWarnings(drive, view),
  ];
};
