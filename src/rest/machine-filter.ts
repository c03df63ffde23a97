// Listings narrowed to one machine, by id or name. A machine that was removed still has its history, under its id.
import { MediabayError } from "../core/errors.ts";
import type { Gateway } from "../core/gateway.ts";
import type { Page } from "../core/records.ts";

/** @throws MediabayError MACHINE_NOT_FOUND when there is neither a machine nor a history of that id */
export const pageOfMachine = async <T>(
  gateway: Gateway,
  machine: string | undefined,
  list: (machineId: string | undefined) => Promise<Page<T>>,
): Promise<Page<T>> => {
  if (machine === undefined) return list(undefined);
  const found = await gateway.getMachine(machine).catch((error: unknown) => {
    if (error instanceof MediabayError && error.code === "MACHINE_NOT_FOUND") return error;
    throw error;
  });
  if (!(found instanceof MediabayError)) return list(found.id);
  const page = await list(machine);
  if (page.items.length === 0) throw found;
  return page;
};
