// Which system is meant (DSP0268 ComputerSystem): by name, or by what it can do; never the first of a list.
import type { Endpoint } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import { type ComputerSystem, computerSystem, type Resource, type ServiceRoot } from "../schema.ts";
import { type Member, readMembers } from "../service/collection.ts";
import type { Service } from "../service/service.ts";
import { leftOut, type Managers } from "./managers.ts";

export interface System {
  readonly path: string;
  readonly resource: Resource;
  readonly parsed: ComputerSystem;
}

/** @throws MediabayError SYSTEM_AMBIGUOUS listing the candidates, UNSUPPORTED_BY_BMC, and what the requests throw */
export const chooseSystem = async (
  service: Service,
  { system: wanted }: Endpoint,
  root: ServiceRoot,
  managers: Managers,
): Promise<System> => {
  if (root.Systems === undefined) throw noSystem();
  const systems = await readSystems(service, root.Systems, wanted?.toLowerCase());
  if (wanted !== undefined) return bySystemName(systems, wanted.toLowerCase());
  const [only, ...others] = systems;
  if (only === undefined) throw noSystem();
  if (others.length === 0) return only;
  const [host, ...rivals] = await hostsOf(systems, managers);
  if (host === undefined) throw ambiguous(systems, "Which one is meant?");
  if (rivals.length > 0) throw ambiguous([host, ...rivals], "Which one is meant?");
  return host;
};

const readSystems = async (service: Service, path: string, named: string | undefined): Promise<readonly System[]> => {
  const options = {
    likely: (member: string) => named !== undefined && member.toLowerCase().endsWith(`/${named}`),
    until: (member: Member) => named !== undefined && uniqueNames(toSystem(member)).includes(named),
  };
  const served = await readMembers(service, path, { ...options, skip: leftOut });
  // Where none is served, why not is worth telling.
  const members = served.length > 0 ? served : await readMembers(service, path, options);
  return members.map(toSystem);
};

/**
 * Baseboards of accelerators are Systems too, but cannot be reset or take media. Where nothing takes media, as when
 * it is switched off, whatever can be reset is a host.
 */
const hostsOf = async (systems: readonly System[], managers: Managers): Promise<readonly System[]> => {
  const resettable = systems.filter(({ parsed }) => parsed.Actions["#ComputerSystem.Reset"].target !== undefined);
  const hosts: System[] = [];
  for (const system of resettable) if (await takesMedia(system, managers)) hosts.push(system);
  return hosts.length > 0 ? hosts : resettable;
};

const takesMedia = async (system: System, managers: Managers): Promise<boolean> =>
  system.parsed.VirtualMedia !== undefined ||
  (await managers.of(system)).some(({ parsed }) => parsed.VirtualMedia !== undefined);

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
    const words = [parsed.Name, parsed.Model, parsed.SerialNumber, parsed.UUID].filter((text) => text !== undefined);
    return `${parsed.Id ?? path}${words.length > 0 ? ` (${words.join(", ")})` : ""}`;
  });
  return new MediabayError("SYSTEM_AMBIGUOUS", `This BMC serves several systems: ${candidates.join("; ")}. ${why}`, {
    protocol: "redfish",
    field: "system",
    candidates,
  });
};

const noSystem = (): MediabayError =>
  new MediabayError("UNSUPPORTED_BY_BMC", "This Redfish service has no systems.", { protocol: "redfish" });
