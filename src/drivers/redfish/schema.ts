// The parts of Redfish resources (DSP0268) that this driver reads. Foreign data: what has the wrong type counts as absent.
import { z } from "zod";

export type Resource = Readonly<Record<string, unknown>>;

export const isResource = (value: unknown): value is Resource =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const text = z.string().min(1).optional().catch(undefined);

const flag = z.boolean().catch(false);

const list = <T extends z.ZodType>(item: T) =>
  z.preprocess((value) => (Array.isArray(value) ? value : []), z.array(item));

/** A list of which some send only the one entry. */
const listOrOne = <T extends z.ZodType>(item: T) =>
  z.preprocess((value) => (isResource(value) ? [value] : value), list(item));

const part = <T extends z.ZodRawShape>(shape: T) =>
  z.preprocess((value) => (isResource(value) ? value : {}), z.looseObject(shape));

const texts = list(text).transform((items) => items.filter((item) => item !== undefined));

/**
 * The path of a link or of a Location, which may be absolute. The scheme and host of an absolute one are dropped: BMCs put names there
 * that only they know, and no request ever leaves the BMC that was asked.
 */
export const pathOf = (reference: string | undefined): string | undefined => {
  if (reference === undefined || reference.startsWith("/")) return reference;
  if (!URL.canParse(reference)) return undefined;
  const { pathname, search } = new URL(reference);
  return `${pathname}${search}`;
};

const path = text.transform(pathOf);

const link = part({ "@odata.id": path }).transform((reference) => reference["@odata.id"]);

const links = list(link).transform((paths) => paths.filter((each) => each !== undefined));

export const serviceRoot = part({
  "@odata.type": text,
  RedfishVersion: text,
  Vendor: text,
  Product: text,
  Oem: part({}),
  Systems: link,
  Managers: link,
  SessionService: link,
  Links: part({ Sessions: link }),
  ProtocolFeaturesSupported: part({ ExpandQuery: part({ ExpandAll: flag, NoLinks: flag, Levels: flag }) }),
});
export type ServiceRoot = z.output<typeof serviceRoot>;

export const collection = part({ Members: list(part({ "@odata.id": path })), "Members@odata.nextLink": path });

export const action = part({
  target: path,
  "@Redfish.ActionInfo": path,
  "TransferProtocolType@Redfish.AllowableValues": texts,
  "ResetType@Redfish.AllowableValues": texts,
});

export const bootProperties = part({
  BootSourceOverrideTarget: text,
  BootSourceOverrideEnabled: text,
  BootSourceOverrideMode: text,
  "BootSourceOverrideTarget@Redfish.AllowableValues": texts,
});

export const computerSystem = part({
  Id: text,
  Name: text,
  UUID: text,
  SerialNumber: text,
  Manufacturer: text,
  Model: text,
  PowerState: text,
  Boot: bootProperties,
  VirtualMedia: link,
  EthernetInterfaces: link,
  LastResetTime: text,
  Links: part({ ManagedBy: links }),
  Actions: part({ "#ComputerSystem.Reset": action }),
  "@Redfish.Settings": part({ SettingsObject: link }),
});
export type ComputerSystem = z.output<typeof computerSystem>;

/** Some have the link to VirtualMedia inside Links or Status. */
export const managerResource = part({
  Id: text,
  Model: text,
  FirmwareVersion: text,
  VirtualMedia: link,
  Links: part({ ManagerForServers: links, VirtualMedia: link }),
  Status: part({ VirtualMedia: link }),
  Actions: part({ "#Manager.Reset": action, Oem: part({}) }),
}).transform((manager) => ({
  ...manager,
  VirtualMedia: manager.VirtualMedia ?? manager.Links.VirtualMedia ?? manager.Status.VirtualMedia,
}));
export type ManagerResource = z.output<typeof managerResource>;

export const virtualMedia = part({
  Id: text,
  Name: text,
  MediaTypes: texts,
  Image: text,
  ImageName: text,
  ConnectedVia: text,
  WriteProtected: z.boolean().optional().catch(undefined),
  Certificates: link,
});
export type VirtualMedia = z.output<typeof virtualMedia>;

export const ethernetInterface = part({ MACAddress: text, PermanentMACAddress: text });

export const actionInfo = part({ Parameters: list(part({ Name: text, Required: flag, AllowableValues: texts })) });

export const taskResource = part({
  "@odata.id": path,
  "@odata.type": text,
  TaskState: text,
  TaskStatus: text,
  TaskMonitor: path,
  Messages: listOrOne(part({})),
});

export const sessionService = part({ Sessions: link });

export const sessionResource = part({
  "@odata.id": path,
  UserName: text,
  CreatedTime: text,
  ClientOriginIPAddress: text,
});

export const extendedMessage = part({
  MessageId: text,
  Message: text,
  MessageArgs: texts,
  RelatedProperties: texts,
});
