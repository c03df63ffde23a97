// How the host is switched (DSP0268 ComputerSystem.Reset), and how a BMC that hangs is brought back.
import { z } from "zod";
import { durationMs } from "./value.ts";

export const power = z.strictObject({
  /** How long a power-on that gets 409 is tried again, every 2 s: some refuse it right after the host went off. */
  conflictRetryMs: durationMs.default(0),
  /** Wait before each power-on, for what was inserted to be ready. */
  settleBeforeOnMs: durationMs.default(0),
  /** How long the power state is asked for again, every second, while the answer is 5xx. */
  pollThrough5xxMs: durationMs.default(10_000),
});

const bmcReset = z.strictObject({
  /** Of Manager.Reset. */
  resetType: z.enum(["GracefulRestart", "ForceRestart"]).default("GracefulRestart"),
  /** Before the BMC is asked for the first time whether it is back. */
  settleMs: durationMs.default(60_000),
  /** Until it must be back, from then on. */
  timeoutMs: durationMs.default(600_000),
});

export const recovery = z.strictObject({
  /**
   * An error with the action `reset-bmc` leads to one reset of the BMC and one more try, where `policy.destructive` allows `bmcReset`;
   * elsewhere the error says so. Not set: such an error is only told.
   */
  bmcReset: bmcReset.optional(),
});
