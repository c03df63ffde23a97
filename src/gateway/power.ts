// Power: the standard reset types, and a reset that is not repeated when a crash hid whether it was done.
import type { BootOverride, PowerDriver, Session } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { OperationHandler } from "../core/ports.ts";
import type { ReadSummary } from "../core/records.ts";
import type { ResetType } from "../core/vocabulary.ts";
import type { Conversations } from "./connect.ts";

/** True picks On when the machine is off, else ForceRestart. */
export type ResetWish = true | ResetType;

export const powerOf = (session: Session): PowerDriver => {
  if (session.power === undefined) {
    throw new MediabayError("UNSUPPORTED_BY_BMC", "This BMC offers no power control.", {
      protocol: session.identity.protocol,
    });
  }
  return session.power;
};

export interface ResetEvidence {
  /** An earlier attempt may have reset the machine already. */
  readonly again: boolean;
  /** What the override showed before the reset; a `Once` that is gone since was consumed by a boot. */
  readonly boot: BootOverride | undefined;
  readonly reads: ReadSummary;
}

/** Answers the reset type sent, or undefined when an earlier attempt had evidently done it. */
export const resetOnce = async (
  session: Session,
  wish: ResetWish,
  evidence: ResetEvidence,
): Promise<ResetType | undefined> => {
  if (evidence.again && (await evidentlyReset(session, evidence.boot))) return undefined;
  const power = powerOf(session);
  const type = wish === true ? ((await power.state()) === "Off" ? "On" : "ForceRestart") : wish;
  await power.reset(type);
  return type;
};

const evidentlyReset = async (session: Session, boot: BootOverride | undefined): Promise<boolean> => {
  if (boot?.enabled !== "Once" || session.boot === undefined) return false;
  return (await session.boot.override()).enabled === "Disabled";
};

/** The operation behind a reset by itself; its input is `{type}`. */
export const createPowerHandler =
  (conversations: Conversations): OperationHandler =>
  (context) =>
    context.step("reset", "Reset the machine", async ({ signal }) =>
      conversations.converse(context.operation.machineId, { signal }, async ({ session }) => {
        const { type } = context.input as unknown as { readonly type: ResetType };
        await powerOf(session).reset(type);
        return { type };
      }),
    );
