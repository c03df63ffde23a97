// Power: the standard reset types, and a reset that is not repeated when a crash hid whether it was done.
import type { BootOverride, PowerDriver, Session } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { OperationContext, OperationHandler } from "../core/ports.ts";
import type { AttachmentRecord, ReadSummary } from "../core/records.ts";
import type { ResetType } from "../core/vocabulary.ts";
import { bootOf } from "./boot.ts";
import type { Conversations, Link } from "./connect.ts";
import type { GatewayDeps } from "./deps.ts";
import { detachEach } from "./detach.ts";

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
  const type = wish === true ? await bootingType(power) : wish;
  await power.reset(type);
  return type;
};

/** The host boots by it; of those that the BMC offers, the one that asks the system that runs for the least. */
const bootingType = async (power: PowerDriver): Promise<ResetType> => {
  const candidates: readonly [ResetType, ...ResetType[]] =
    (await power.state()) === "Off" ? ["On", "ForceOn"] : ["ForceRestart", "PowerCycle", "GracefulRestart"];
  const offered = await power.resetTypes();
  return candidates.find((type) => offered.includes(type)) ?? candidates[0];
};

const evidentlyReset = async (session: Session, boot: BootOverride | undefined): Promise<boolean> => {
  if (boot?.enabled !== "Once" || session.boot === undefined) return false;
  return (await session.boot.override()).enabled === "Disabled";
};

/** The operation behind a reset by itself; its input is `{type}`. What is to be detached at the machine's next start goes first. */
export const createPowerHandler =
  (deps: GatewayDeps, conversations: Conversations): OperationHandler =>
  async (context) => {
    const { type } = context.input as unknown as { readonly type: ResetType };
    const { machineId } = context.operation;
    if (boots(type)) await detachBeforeBoot(deps, conversations, context);
    return context.step("reset", "Reset the machine", async ({ signal }) =>
      conversations.converse(machineId, { signal }, async ({ session }) => {
        const rearmed = boots(type) ? await rearm(deps, session, machineId) : undefined;
        await powerOf(session).reset(type);
        if (rearmed !== undefined) await endRearm(deps, rearmed.id);
        await noteStart(deps, machineId, type);
        return { type };
      }),
    );
  };

const withBootRule = async ({ attachments }: RearmDeps, machineId: string): Promise<readonly AttachmentRecord[]> => {
  const { items } = await attachments.list({ limit: 100 }, { machineId, states: ["attached"] });
  return items.filter(({ detachOn }) => detachOn?.at === "boot");
};

/**
 * Those that the machine has started with before. Which they are is journalled: once detached they would not be found again. `link`: the
 * operation's own, which gives the machine's turn to the detaching.
 */
export const detachBeforeBoot = async (
  deps: GatewayDeps,
  conversations: Conversations,
  context: OperationContext,
  link?: Link,
): Promise<void> => {
  const { machineId, steps } = context.operation;
  const wasBegun = (step: string): boolean => steps.some(({ name }) => name === step);
  const due = async (): Promise<string[]> => {
    const ruled = await withBootRule(deps, machineId);
    return ruled.filter(({ bootedAt }) => bootedAt !== undefined).map(({ id }) => id);
  };
  // After a crash in the reset, those that first start with it look as if they were due.
  if (!wasBegun("due") && (wasBegun("reset") || (await due()).length === 0)) return;
  await link?.close();
  const ids = await context.step("due", "Find what is to be detached first", due);
  await detachEach(deps, conversations, context, { attachments: ids, force: false });
};

/** Where attachments wait to be armed again. */
type RearmDeps = Pick<GatewayDeps, "attachments">;

const booting: ReadonlySet<ResetType> = new Set([
  "On",
  "ForceOn",
  "ForceRestart",
  "GracefulRestart",
  "PowerCycle",
  "PushPowerButton",
]);

/** Does the host start by it? */
export const boots = (wish: ResetWish | false): boolean => wish === true || (wish !== false && booting.has(wish));

/** Sets the override again that a live attachment asked for and its BMC does not keep. @throws what setting it throws: nothing is reset then */
const rearm = async (deps: RearmDeps, session: Session, machineId: string): Promise<AttachmentRecord | undefined> => {
  const { items } = await deps.attachments.list({ limit: 100 }, { machineId, states: ["attached"] });
  const waiting = items.find((item) => item.rearm !== undefined && item.boot !== undefined);
  if (waiting?.boot === undefined) return undefined;
  const { target, enabled } = waiting.boot;
  await bootOf(session).setOverride({ target, enabled });
  return waiting;
};

/**
 * The machine starts with all that it has, and with what is being attached: what it reads of them begins now. `type` is undefined where an
 * earlier attempt has reset it.
 */
export const noteStart = async (
  deps: Pick<GatewayDeps, "attachments" | "publications" | "clock">,
  machineId: string,
  type: ResetType | undefined,
  begun?: string,
): Promise<void> => {
  if (type !== undefined && !booting.has(type)) return;
  const own = begun === undefined ? [] : [await deps.attachments.get(begun)];
  const { items } = await deps.attachments.list({ limit: 100 }, { machineId, states: ["attached"] });
  for (const { id, detachOn } of [...own, ...items]) {
    await deps.publications.settled(id);
    if (detachOn?.at === "boot")
      await deps.attachments.update(id, { bootedAt: deps.clock.now(), lastResetAt: undefined });
  }
};

/** A boot that was to happen once has happened. */
export const endRearm = async (deps: RearmDeps, attachmentId: string): Promise<void> => {
  const { rearm: time } = await deps.attachments.get(attachmentId);
  if (time === "next") await deps.attachments.update(attachmentId, { rearm: undefined });
};
