// The network ports of the system (DSP0268 EthernetInterface): asked for once, and remembered.
import type { InventoryDriver } from "../../core/driver.ts";
import type { Knowledge } from "./knowledge.ts";
import { ethernetInterface } from "./schema.ts";
import { readMembers } from "./service/collection.ts";
import type { Service } from "./service/service.ts";

/** What a BMC answers for a port that it lists and cannot show. */
const leftOut = [400, 403, 404, 405, 500, 501, 503];

/** Undefined where the system lists no network ports. */
export const createInventory = (service: Service, knowledge: Knowledge): InventoryDriver | undefined => {
  const { ethernetInterfaces: path } = knowledge.learnt;
  if (path === undefined) return undefined;
  return {
    macAddresses: async () => {
      const known = knowledge.learnt.macAddresses;
      if (known !== undefined) return known;
      const members = await readMembers(service, path, { skip: leftOut });
      const found = members.flatMap(({ resource }) => {
        const { MACAddress, PermanentMACAddress } = ethernetInterface.parse(resource);
        return [MACAddress, PermanentMACAddress].flatMap(toMac);
      });
      const macAddresses = [...new Set(found)];
      knowledge.update({ macAddresses });
      return macAddresses;
    },
  };
};

/** Some write hyphens, or nothing, between the pairs; a port that is not there has zeros. */
const toMac = (shown: string | undefined): readonly string[] => {
  const digits = shown?.toLowerCase().replaceAll(/[^0-9a-f]/g, "") ?? "";
  if (digits.length !== 12 || /^0+$/.test(digits)) return [];
  return [digits.replaceAll(/(..)(?!$)/g, "$1:")];
};
