// Boot override: ask the machine what it calls our medium, set it, and report what the read-back showed.
import type { BootDriver, BootOverride, Session } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { OperationHandler } from "../core/ports.ts";
import type { BootEnabled, MediaType, RearmTime } from "../core/vocabulary.ts";
import type { Conversations } from "./connect.ts";

export type BootWish = "once" | "continuous" | "none";

const enabledOf: Readonly<Record<Exclude<BootWish, "none">, BootEnabled>> = { once: "Once", continuous: "Continuous" };

export const bootOf = (session: Session): BootDriver => {
  if (session.boot === undefined) {
    throw new MediabayError("UNSUPPORTED_BY_BMC", "This BMC offers no boot override.", {
      protocol: session.identity.protocol,
    });
  }
  return session.boot;
};

/** Those of `types` that this BMC boots from. @throws MediabayError UNSUPPORTED_BY_BMC when it offers no boot override at all */
export const bootableOf = async (session: Session, types: readonly MediaType[]): Promise<ReadonlySet<MediaType>> => {
  const boot = bootOf(session);
  const bootable = new Set<MediaType>();
  for (const type of types) {
    const [target] = await Promise.allSettled([boot.targetFor(type)]);
    if (target.status === "fulfilled") bootable.add(type);
    else if (!(target.reason instanceof MediabayError) || target.reason.code !== "UNSUPPORTED_BY_BMC")
      throw target.reason;
  }
  return bootable;
};

export interface BootOutcome {
  readonly shown: BootOverride;
  /** Set when the BMC made something else of the wish that still boots the medium. */
  readonly warning?: string;
  /** Set when the override must be set again for the wish to come true. */
  readonly rearm?: RearmTime;
}

/** @throws MediabayError BMC_INCONSISTENT when the read-back shows no override, or another target */
export const bootWanted = async (
  session: Session,
  mediaType: MediaType,
  wish: Exclude<BootWish, "none">,
): Promise<BootOutcome> => {
  const boot = bootOf(session);
  const wanted: BootOverride = { target: await boot.targetFor(mediaType), enabled: enabledOf[wish] };
  const outcome = judge(wanted, await boot.setOverride(wanted));
  if (wish === "continuous" && (boot.rearm === true || outcome.shown.enabled === "Once")) {
    return { ...outcome, rearm: "each" };
  }
  return boot.rearm === true ? { ...outcome, rearm: "next" } : outcome;
};

const judge = (wanted: BootOverride, shown: BootOverride): BootOutcome => {
  const lost = shown.target !== wanted.target || (shown.enabled === "Disabled") !== (wanted.enabled === "Disabled");
  if (lost) {
    throw new MediabayError(
      "BMC_INCONSISTENT",
      `The boot override was set to ${wanted.target} ${wanted.enabled}, but the BMC shows ${shown.target} ${shown.enabled}.`,
      { wanted, shown },
    );
  }
  if (shown.enabled === wanted.enabled) return { shown };
  return { shown, warning: `The BMC turned the boot override from ${wanted.enabled} into ${shown.enabled}.` };
};

/** Ends an override that still points at our medium; another one, or none, is left as it is. Answers whether it changed anything. */
export const clearBoot = async (session: Session, mediaType: MediaType): Promise<boolean> => {
  const boot = bootOf(session);
  const present = await boot.override();
  if (present.enabled === "Disabled" || present.target !== (await boot.targetFor(mediaType))) return false;
  await boot.setOverride({ target: "None", enabled: "Disabled" });
  return true;
};

/** The operation behind a boot override set by itself; its input is the wanted override. */
export const createBootHandler =
  (conversations: Conversations): OperationHandler =>
  (context) =>
    context.step("boot", "Set the boot override and read it back", async ({ signal }) =>
      conversations.converse(context.operation.machineId, { signal }, async ({ session }) => {
        const wanted = context.input as unknown as BootOverride;
        const shown = await bootOf(session).setOverride(wanted);
        if (wanted.enabled === "Disabled") {
          if (shown.enabled !== "Disabled") context.warn(`The BMC still shows ${shown.target} ${shown.enabled}.`);
          return { ...shown };
        }
        const outcome = judge(wanted, shown);
        if (outcome.warning !== undefined) context.warn(outcome.warning);
        return { ...outcome.shown };
      }),
    );
