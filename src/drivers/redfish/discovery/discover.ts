// Finds the one system that is meant and everything of it that this driver uses: from the service root (DSP0266 "Service root"), links
// followed, never built.
import type { Endpoint, Identity } from "../../../core/driver.ts";
import { type Learnt, present } from "../memory.ts";
import { isResource, managerResource, type ServiceRoot, serviceRoot } from "../schema.ts";
import { expandModeOf } from "../service/collection.ts";
import { isOk } from "../service/message.ts";
import type { Service } from "../service/service.ts";
import { createManagers, type Manager } from "./managers.ts";
import { chooseSystem, type System } from "./systems.ts";

const rootPath = "/redfish/v1/";

/** Undefined when whatever answers is no Redfish service. @throws MediabayError the transport codes, BMC_AUTHENTICATION */
export const readRoot = async (service: Service): Promise<ServiceRoot | undefined> => {
  const reply = await service.send({ method: "GET", path: rootPath, anonymous: true });
  if (reply.status >= 500) throw service.refusal(reply);
  if (!isOk(reply)) return undefined;
  const root = serviceRoot.parse(reply.body);
  const isRoot = root["@odata.type"]?.startsWith("#ServiceRoot.") === true || root.RedfishVersion !== undefined;
  if (!isRoot) return undefined;
  service.expand = expandModeOf(root, service.quirks.http.expand);
  service.auth.sessionsPath = root.Links.Sessions;
  service.auth.sessionServicePath = root.SessionService;
  return root;
};

/** `root` is one that was just read. @throws MediabayError SYSTEM_AMBIGUOUS, UNSUPPORTED_BY_BMC and what the requests throw */
export const discover = async (service: Service, endpoint: Endpoint, root: ServiceRoot): Promise<Learnt> => {
  const managers = createManagers(service, root);
  const system = await chooseSystem(service, endpoint, root, managers);
  const own = (await managers.of(system)).toSorted((a, b) => Number(hasMedia(b)) - Number(hasMedia(a)));
  return present({
    identity: identityOf(root, system, own[0]),
    systemPath: system.path,
    managerPaths: own.map(({ path }) => path),
    expand: service.expand,
    sessionsPath: service.auth.sessionsPath,
    sessionOnly: service.auth.sessionOnly,
    media: present({
      system: system.parsed.VirtualMedia,
      managers: own.flatMap(({ parsed }) => (parsed.VirtualMedia === undefined ? [] : [parsed.VirtualMedia])),
    }),
    ethernetInterfaces: system.parsed.EthernetInterfaces,
    reset: resetOf(system),
    boot: bootOf(system),
  });
};

/** What the service root alone tells. */
export const rootIdentity = (root: ServiceRoot): Identity =>
  present({
    protocol: "redfish" as const,
    vendor: root.Vendor,
    product: root.Product,
    protocolVersion: root.RedfishVersion,
    oem: Object.keys(root.Oem),
  });

/** The firmware that a BMC runs now. */
export const readFirmware = async (service: Service, { managerPaths }: Learnt): Promise<string | undefined> => {
  const [path] = managerPaths;
  return path === undefined ? undefined : managerResource.parse((await service.get(path)).body).FirmwareVersion;
};

/** The manager that has virtual media stands for the BMC. */
const hasMedia = ({ parsed }: Manager): boolean => parsed.VirtualMedia !== undefined;

const identityOf = (root: ServiceRoot, { parsed }: System, manager: Manager | undefined): Identity => ({
  ...rootIdentity(root),
  ...present({
    managerModel: manager?.parsed.Model,
    firmwareVersion: manager?.parsed.FirmwareVersion,
    systemManufacturer: parsed.Manufacturer,
    systemModel: parsed.Model,
    systemId: parsed.Id,
    uuid: parsed.UUID,
    serialNumber: parsed.SerialNumber,
  }),
});

const resetOf = ({ parsed }: System): Learnt["reset"] => {
  const reset = parsed.Actions["#ComputerSystem.Reset"];
  if (reset.target === undefined) return undefined;
  const types = reset["ResetType@Redfish.AllowableValues"];
  return present({ target: reset.target, types, actionInfo: reset["@Redfish.ActionInfo"] });
};

const bootOf = ({ parsed, resource }: System): Learnt["boot"] => {
  const settings = parsed["@Redfish.Settings"].SettingsObject;
  if (!isResource(resource["Boot"]) && settings === undefined) return undefined;
  return present({ settings, targets: parsed.Boot["BootSourceOverrideTarget@Redfish.AllowableValues"] });
};
