// Finds the one system that is meant and everything of it that this driver uses: from the service root (DSP0266 "Service root"), links
// followed, never built, and never the first of a list.
import type { Endpoint, Identity } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import { type Learnt, present } from "./memory.ts";
import {
  type ComputerSystem,
  computerSystem,
  isResource,
  type ManagerResource,
  managerResource,
  type Resource,
  type ServiceRoot,
  serviceRoot,
} from "./schema.ts";
import { expandModeOf, type Member, readMembers } from "./service/collection.ts";
import { isOk } from "./service/message.ts";
import type { Service } from "./service/service.ts";

const rootPath = "/redfish/v1/";

interface System {
  readonly path: string;
  readonly resource: Resource;
  readonly parsed: ComputerSystem;
}

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
  const own = await managers.of(system);
  return present({
    identity: identityOf(root, system, own),
    systemPath: system.path,
    expand: service.expand,
    sessionsPath: service.auth.sessionsPath,
    sessionOnly: service.auth.sessionOnly,
    media: present({
      system: system.parsed.VirtualMedia,
      managers: own.flatMap(({ VirtualMedia }) => (VirtualMedia === undefined ? [] : [VirtualMedia])),
    }),
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

const identityOf = (root: ServiceRoot, { parsed }: System, managers: readonly ManagerResource[]): Identity => {
  const manager = managers.find((each) => each.VirtualMedia !== undefined) ?? managers[0];
  return {
    ...rootIdentity(root),
    ...present({
      managerModel: manager?.Model,
      firmwareVersion: manager?.FirmwareVersion,
      systemManufacturer: parsed.Manufacturer,
      systemModel: parsed.Model,
      systemId: parsed.Id,
      uuid: parsed.UUID,
      serialNumber: parsed.SerialNumber,
    }),
  };
};

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

const chooseSystem = async (
  service: Service,
  { system: wanted }: Endpoint,
  root: ServiceRoot,
  managers: Managers,
): Promise<System> => {
  if (root.Systems === undefined) throw noSystem();
  const named = wanted?.toLowerCase();
  const systems = (
    await readMembers(service, root.Systems, {
      likely: (path) => named !== undefined && path.toLowerCase().endsWith(`/${named}`),
      until: (member) => named !== undefined && uniqueNames(toSystem(member)).includes(named),
    })
  ).map(toSystem);
  if (named !== undefined) return bySystemName(systems, named);
  const [only, ...others] = systems;
  if (only === undefined) throw noSystem();
  if (others.length === 0) return only;
  const hosts: System[] = [];
  for (const system of systems) if (await isHost(system, managers)) hosts.push(system);
  const [host, ...rivals] = hosts;
  if (host === undefined || rivals.length > 0) throw ambiguous(systems, "Which one is meant?");
  return host;
};

/** Baseboards of accelerators are Systems too, but cannot be reset or take media (redfish-quirks §8). */
const isHost = async (system: System, managers: Managers): Promise<boolean> => {
  if (system.parsed.Actions["#ComputerSystem.Reset"].target === undefined) return false;
  if (system.parsed.VirtualMedia !== undefined) return true;
  return (await managers.of(system)).some(({ VirtualMedia }) => VirtualMedia !== undefined);
};

const toSystem = ({ path, resource }: Member): System => ({ path, resource, parsed: computerSystem.parse(resource) });

const lowerCase = (texts: readonly (string | undefined)[]): readonly string[] =>
  texts.flatMap((text) => (text === undefined ? [] : [text.toLowerCase()]));

/** Unlike Name, which is often `System` for all. */
const uniqueNames = ({ parsed }: System): readonly string[] => lowerCase([parsed.Id, parsed.UUID, parsed.SerialNumber]);

const bySystemName = (systems: readonly System[], named: string): System => {
  const unique = systems.filter((system) => uniqueNames(system).includes(named));
  const matches = unique.length > 0 ? unique : systems.filter(({ parsed }) => lowerCase([parsed.Name]).includes(named));
  const [only, ...others] = matches;
  if (only === undefined) throw ambiguous(systems, `None is ${named}.`);
  if (others.length > 0) throw ambiguous(matches, `More than one is ${named}.`);
  return only;
};

const ambiguous = (systems: readonly System[], why: string): MediabayError => {
  const candidates = systems.map(({ parsed, path }) => {
    const details = lowerCase([parsed.Name, parsed.Model, parsed.SerialNumber]).length > 0;
    const words = [parsed.Name, parsed.Model, parsed.SerialNumber].filter((text) => text !== undefined).join(", ");
    return `${parsed.Id ?? path}${details ? ` (${words})` : ""}`;
  });
  return new MediabayError("SYSTEM_AMBIGUOUS", `This BMC serves several systems: ${candidates.join("; ")}. ${why}`, {
    protocol: "redfish",
    field: "system",
    candidates,
  });
};

const noSystem = (): MediabayError =>
  new MediabayError("UNSUPPORTED_BY_BMC", "This Redfish service has no systems.", { protocol: "redfish" });

interface Managers {
  /** The managers of a system; each is read once. */
  of(system: System): Promise<readonly ManagerResource[]>;
}

const sameResource = (a: string, b: string): boolean => a.replace(/\/$/, "") === b.replace(/\/$/, "");

const createManagers = (service: Service, root: ServiceRoot): Managers => {
  const read = new Map<string, ManagerResource>();
  let listed: readonly ManagerResource[] | undefined;

  const one = async (path: string): Promise<ManagerResource> => {
    const manager = read.get(path) ?? managerResource.parse((await service.get(path)).body);
    read.set(path, manager);
    return manager;
  };

  const all = async (): Promise<readonly ManagerResource[]> => {
    const members = root.Managers === undefined ? [] : await readMembers(service, root.Managers);
    listed ??= members.map(({ resource }) => managerResource.parse(resource));
    return listed;
  };

  return {
    of: async ({ path, parsed }) => {
      const links = parsed.Links.ManagedBy;
      if (links.length > 0) {
        const managers: ManagerResource[] = [];
        for (const link of links) managers.push(await one(link));
        return managers;
      }
      // Some services leave ManagedBy out (redfish-quirks §2.7).
      const managers = await all();
      const own = managers.filter(({ Links }) => Links.ManagerForServers.some((server) => sameResource(server, path)));
      return own.length > 0 || managers.length > 1 ? own : managers;
    },
  };
};
