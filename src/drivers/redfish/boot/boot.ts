// The boot override of the system: set as this BMC wants it, and answered as it was read back.
import type { BootDriver, BootOverride } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import { isReplyLost } from "../../../wire/errors.ts";
import { actionOf } from "../errors.ts";
import type { Knowledge } from "../knowledge.ts";
import type { Recover } from "../recovery.ts";
import type { Service } from "../service/service.ts";
import { createAttributeStore } from "./attributes.ts";
import { isAsWanted, type OverrideStore, pickTarget } from "./override.ts";
import { createImportStore } from "./scp-import.ts";
import { createStandardStore, readOverride } from "./standard.ts";

/** Undefined where the system has no boot override. */
export const createBoot = (service: Service, knowledge: Knowledge, recover: Recover): BootDriver | undefined => {
  const { recipe, resource } = service.quirks.boot;
  if (knowledge.learnt.boot === undefined && recipe === "standard" && resource !== "suffix") return undefined;
  const parts = { service, knowledge };

  return {
    get rearm() {
      return service.quirks.boot.once === "rearm";
    },
    override: () => knowledge.revalidating(() => storeOf(parts).read()),
    targets: () => knowledge.revalidating(() => storeOf(parts).targets()),
    targetFor: (mediaType) =>
      knowledge.revalidating(async () => {
        const allowed = await storeOf(parts).targets();
        const target = pickTarget(service.quirks.boot.targetFor[mediaType], allowed);
        if (target !== undefined) return target;
        throw new MediabayError(
          "UNSUPPORTED_BY_BMC",
          `This BMC cannot boot from a virtual ${mediaType}: it allows only ${allowed.join(", ")}.`,
          { protocol: "redfish" },
        );
      }),
    setOverride: (wanted) => recover(() => knowledge.revalidating(() => setOverride(parts, wanted))),
  };
};

interface Parts {
  readonly service: Service;
  readonly knowledge: Knowledge;
}

const storeOf = ({ service, knowledge }: Parts): OverrideStore => {
  const { recipe } = service.quirks.boot;
  if (recipe === "attributes") return createAttributeStore(service, knowledge);
  const standard = createStandardStore(service, knowledge);
  return recipe === "scpImport" ? createImportStore(service, knowledge, standard) : standard;
};

/** Continuous is refused by several; Once is then set instead, and answered, for the caller to see. */
const setOverride = async (parts: Parts, asked: BootOverride): Promise<BootOverride> => {
  const once: BootOverride = { ...asked, enabled: "Once" };
  if (asked.enabled !== "Continuous") return setWithPatience(parts, asked);
  if (parts.service.quirks.boot.continuous === "once") return setWithPatience(parts, once);
  try {
    return await setWithPatience(parts, asked);
  } catch (error) {
    if (!isRefusedValue(error)) throw error;
    const instead = await setWithPatience(parts, once).catch(unlessRefused);
    if (instead === undefined) throw error;
    return instead;
  }
};

const isRefusedValue = (error: unknown): boolean => {
  if (!(error instanceof MediabayError)) return false;
  const { code, context } = error;
  return (code === "UNSUPPORTED_BY_BMC" || code === "BMC_REJECTED") && (context.status ?? 500) < 500;
};

const unlessRefused = (error: unknown): undefined => {
  if (!isRefusedValue(error)) throw error;
};

/** While the host is in POST, many refuse for a time. */
const setWithPatience = async (parts: Parts, wanted: BootOverride): Promise<BootOverride> => {
  const { clock, signal } = parts.service.context;
  const { times, delayMs, on } = parts.service.quirks.boot.onPost;
  for (let tried = 0; ; tried += 1) {
    try {
      return await setNow(parts, wanted);
    } catch (error) {
      const isPassing =
        error instanceof MediabayError && (actionOf(error) === "retry" || on.includes(error.context.status ?? 0));
      if (!isPassing || tried >= times) throw error;
    }
    await clock.sleep(delayMs, signal);
  }
};

/** A write whose answer is lost is looked for, and repeated once where it shows nowhere. */
const setNow = async (parts: Parts, wanted: BootOverride): Promise<BootOverride> => {
  const store = storeOf(parts);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await store.write(wanted);
      return store.shows ? await readBack(parts, store, wanted) : wanted;
    } catch (error) {
      if (!isReplyLost(error)) throw error;
      const shown = await store.read();
      if (isAsWanted(shown, wanted)) return shown;
      if (attempt > 1) throw error;
    }
  }
};

/** What was written beside the System may show in the System only. */
const readBack = async (
  { service, knowledge }: Parts,
  store: OverrideStore,
  wanted: BootOverride,
): Promise<BootOverride> => {
  const { clock, signal } = service.context;
  const { recipe, readBack: again } = service.quirks.boot;
  let shown = await store.read();
  for (let tried = 0; !isAsWanted(shown, wanted) && tried < again.times; tried += 1) {
    await clock.sleep(again.delayMs, signal);
    shown = await store.read();
  }
  const { systemPath, boot } = knowledge.learnt;
  if (isAsWanted(shown, wanted) || recipe !== "standard" || boot?.path === systemPath) return shown;
  const inSystem = await readOverride(service, systemPath);
  return isAsWanted(inSystem, wanted) ? inSystem : shown;
};
