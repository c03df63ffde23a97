// Brings a BMC back that says of itself that it hangs: resets it, waits for it, and lets what failed be tried once more. Off by default.
import { MediabayError } from "../../core/errors.ts";
import type { Destructive } from "../../core/vocabulary.ts";
import { actionOf } from "./errors.ts";
import type { Knowledge } from "./knowledge.ts";
import type { RedfishQuirks } from "./quirks.ts";
import { managerResource } from "./schema.ts";
import { isOk } from "./service/message.ts";
import type { Service } from "./service/service.ts";

/** Runs `work`; where that takes a reset of the BMC, runs `reread` and `work` once more after it. */
export type Recover = <T>(work: () => Promise<T>, reread?: () => Promise<void>) => Promise<T>;

type ResetQuirk = NonNullable<RedfishQuirks["recovery"]["bmcReset"]>;

const askAgainMs = 5000;

export const createRecovery =
  (service: Service, knowledge: Knowledge): Recover =>
  async (work, reread) => {
    try {
      return await work();
    } catch (error) {
      const quirk = service.quirks.recovery.bmcReset;
      if (quirk === undefined || !(error instanceof MediabayError) || actionOf(error) !== "reset-bmc") throw error;
      if (service.context.allow?.has("bmcReset") !== true) throw forbidden(error, "bmcReset");
      await resetBmc(service, knowledge, quirk, error);
    }
    await reread?.();
    return work();
  };

/** The error of what only a destructive step would have mended. */
export const forbidden = (error: MediabayError, step: Destructive): MediabayError =>
  new MediabayError(
    error.code,
    error.message,
    { ...error.context, hint: `The setting policy.destructive does not allow \`${step}\`, which might help here.` },
    { cause: error },
  );

const resetBmc = async (
  service: Service,
  { learnt }: Knowledge,
  { resetType, settleMs, timeoutMs }: ResetQuirk,
  cause: MediabayError,
): Promise<void> => {
  const { clock, signal } = service.context;
  const target = await resetTarget(service, learnt.managerPaths[0]);
  if (target === undefined) throw cause;
  await service.send({ method: "POST", path: target, body: { ResetType: resetType } }).catch(unlessSilent);
  await clock.sleep(settleMs, signal);
  const deadline = clock.monotonic() + timeoutMs;
  while (!(await isBack(service, learnt.systemPath))) {
    if (clock.monotonic() >= deadline) throw cause;
    await clock.sleep(askAgainMs, signal);
  }
};

const resetTarget = async (service: Service, manager: string | undefined): Promise<string | undefined> => {
  if (manager === undefined) return undefined;
  const { Actions } = managerResource.parse((await service.get(manager)).body);
  return Actions["#Manager.Reset"].target;
};

const isBack = async (service: Service, path: string): Promise<boolean> => {
  const reply = await service.send({ method: "GET", path }).catch(unlessSilent);
  return reply !== undefined && isOk(reply);
};

/** A BMC that restarts answers nothing, or half of it, for a while. */
const unlessSilent = (error: unknown): undefined => {
  const isSilent =
    error instanceof MediabayError &&
    (error.code === "BMC_UNREACHABLE" ||
      error.code === "BMC_TIMEOUT" ||
      error.code === "BMC_MALFORMED" ||
      error.code === "BMC_TLS");
  if (!isSilent) throw error;
};
