// A deploy agent's ramdisk takes the first config drive that it finds for its own settings: where one may run, nothing
// is attached unless the machine is off.
import type { Session } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { AttachInput } from "./attach-work.ts";

/** Asks the BMC only where an agent is expected. @throws MediabayError AGENT_MAY_RUN */
export const refuseWhereAgentMayRun = async (
  { role, expectAgent }: Pick<AttachInput, "role" | "expectAgent">,
  { power }: Pick<Session, "power">,
): Promise<void> => {
  if (expectAgent !== true || role !== "configdrive") return;
  const state = (await power?.state()) ?? "Unknown";
  if (state === "Off") return;
  const shown = state === "Unknown" ? "its power state is unknown" : `its power state is ${state}`;
  throw new MediabayError("AGENT_MAY_RUN", `A deploy agent may run on this machine: ${shown}.`, { state });
};
