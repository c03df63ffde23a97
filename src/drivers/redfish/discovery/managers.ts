// The managers of a system (DSP0268 Manager): by the system's own links, else by the managers' (ManagedBy left out).
import { MediabayError } from "../../../core/errors.ts";
import { type ManagerResource, managerResource, type ServiceRoot } from "../schema.ts";
import { readMembers } from "../service/collection.ts";
import type { Service } from "../service/service.ts";
import type { System } from "./systems.ts";

export interface Manager {
  readonly path: string;
  readonly parsed: ManagerResource;
}

export interface Managers {
  /** The managers of a system; each is read once. */
  of(system: System): Promise<readonly Manager[]>;
}

/** Statuses of a member that only leave it out where there are others: aggregated boards answer for themselves, or not. */
export const leftOut: readonly number[] = [403, 404, 405, 500, 501, 502, 503, 504];

const sameResource = (a: string, b: string): boolean => a.replace(/\/$/, "") === b.replace(/\/$/, "");

export const createManagers = (service: Service, root: ServiceRoot): Managers => {
  const read = new Map<string, Manager>();
  let listed: readonly Manager[] | undefined;

  const one = async (path: string): Promise<Manager> => {
    const manager = read.get(path) ?? { path, parsed: managerResource.parse((await service.get(path)).body) };
    read.set(path, manager);
    return manager;
  };

  /** Of several linked ones, those that can be read. */
  const linked = async (links: readonly string[]): Promise<readonly Manager[]> => {
    const managers: Manager[] = [];
    let failure: MediabayError | undefined;
    for (const link of links) {
      try {
        managers.push(await one(link));
      } catch (error) {
        if (!(error instanceof MediabayError) || !leftOut.includes(error.context.status ?? 0)) throw error;
        failure ??= error;
      }
    }
    if (managers.length === 0 && failure !== undefined) throw failure;
    return managers;
  };

  const all = async (): Promise<readonly Manager[]> => {
    if (listed !== undefined) return listed;
    const members = root.Managers === undefined ? [] : await readMembers(service, root.Managers, { skip: leftOut });
    listed = members.map(({ path, resource }) => ({ path, parsed: managerResource.parse(resource) }));
    return listed;
  };

  return {
    of: async ({ path, parsed }) => {
      const links = parsed.Links.ManagedBy;
      if (links.length > 0) return linked(links);
      const managers = await all();
      const own = managers.filter((manager) =>
        manager.parsed.Links.ManagerForServers.some((server) => sameResource(server, path)),
      );
      return own.length > 0 || managers.length > 1 ? own : managers;
    },
  };
};
