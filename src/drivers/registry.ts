// Every protocol that we speak: one line for each sibling folder.
import type { Protocol } from "../core/driver.ts";
import type { Protocols } from "../core/ports.ts";
import { createRedfish, type RedfishDeps } from "./redfish/index.ts";

export type ProtocolDeps = RedfishDeps;

export const createProtocols = (deps: ProtocolDeps): Protocols => {
  const all: readonly Protocol[] = [createRedfish(deps)];
  return new Map(all.map((protocol) => [protocol.name, protocol]));
};
