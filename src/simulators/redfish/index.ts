// The simulated Redfish BMC, one or many: what tests, the demo and a command line use.
export { type FaultName, faultNames, isFaultName } from "./fleet/fault-names.ts";
export { FaultTextError, parseFault } from "./fleet/fault-text.ts";
export {
  chooseFixtures,
  type FleetOptions,
  type SimulatedFleet,
  type SimulatedMachine,
  startFleet,
} from "./fleet/fleet.ts";
export type { BootOverride } from "./hosts/boot.ts";
export type { BootRecord } from "./hosts/boot-log.ts";
export type { Fault } from "./http/faults.ts";
export type { RequestRecord } from "./http/listener.ts";
export type { SlotView } from "./media/slot.ts";
export type { PersonalityOverrides } from "./personality/index.ts";
export { type FixtureSummary, listFixtures } from "./resources/fixture.ts";
export type { Credentials } from "./sessions.ts";
export { type RedfishSimulator, type RedfishSimulatorOptions, startRedfishSimulator } from "./simulator.ts";
export type { TlsOptions } from "../web-server.ts";
