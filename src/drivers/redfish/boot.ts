// The boot override of the system (DSP0268 ComputerSystem, `Boot`): set where this service takes it, and answered as it was read back.
import type { BootDriver, BootOverride } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import { bootEnabledValues, bootModes } from "../../core/vocabulary.ts";
import { isReplyLost } from "../../wire/errors.ts";
import type { Knowledge } from "./knowledge.ts";
import { type Learnt, present } from "./memory.ts";
import { bootProperties, isResource } from "./schema.ts";
import { patch } from "./service/conditional.ts";
import { isOk, type Reply } from "./service/message.ts";
import { type Body, negotiate } from "./service/negotiate.ts";
import type { Service } from "./service/service.ts";
import { settle } from "./service/task.ts";

type LearntBoot = NonNullable<Learnt["boot"]>;

/** Where the override is set and read. */
type Place = LearntBoot & { readonly path: string };

/** Undefined where the system has no boot override. */
export const createBoot = (service: Service, knowledge: Knowledge): BootDriver | undefined => {
  if (knowledge.learnt.boot === undefined) return undefined;

  const place = async (): Promise<Place> => {
    const known = knowledge.learnt.boot ?? { targets: [] };
    if (known.path !== undefined) return { ...known, path: known.path };
    const found = await findPlace(service, knowledge.learnt.systemPath, known);
    knowledge.update({ boot: found });
    return found;
  };

  const setOverride = async (wanted: BootOverride): Promise<BootOverride> => {
    const { path } = await place();
    const current =
      service.quirks.boot.fields === "full" && wanted.mode === undefined ? await read(service, path) : undefined;
    const body = bodyFor(wanted, current, service);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await submit(service, path, body);
        return await read(service, path);
      } catch (error) {
        if (!isReplyLost(error)) throw error;
        const override = await read(service, path);
        if (isAsWanted(override, wanted)) return override;
        if (attempt > 1) throw error;
      }
    }
  };

  const targets = async (): Promise<readonly string[]> => (await place()).targets;

  return {
    override: () => knowledge.revalidating(async () => read(service, (await place()).path)),
    targets: () => knowledge.revalidating(targets),
    targetFor: (mediaType) =>
      knowledge.revalidating(async () => {
        const allowed = await targets();
        const candidates = service.quirks.boot.targetFor[mediaType];
        const target = allowed.length === 0 ? candidates[0] : candidates.find((each) => allowed.includes(each));
        if (target !== undefined) return target;
        throw new MediabayError(
          "UNSUPPORTED_BY_BMC",
          `This BMC cannot boot from a virtual ${mediaType}: it allows only ${allowed.join(", ")}.`,
          { protocol: "redfish" },
        );
      }),
    setOverride: (wanted) => knowledge.revalidating(() => setOverride(wanted)),
  };
};

/** The Settings object counts only if it really holds Boot: elsewhere it is for other properties (redfish-quirks §1.3). */
const findPlace = async (service: Service, systemPath: string, known: LearntBoot): Promise<Place> => {
  const { resource } = service.quirks.boot;
  const system = { ...known, path: systemPath };
  if (resource === "system" || known.settings === undefined) return system;
  const { body } = await service.get(known.settings);
  if (resource === "auto" && !isResource(body["Boot"])) return system;
  const targets = bootProperties.parse(body["Boot"])["BootSourceOverrideTarget@Redfish.AllowableValues"];
  return { ...known, path: known.settings, targets: targets.length > 0 ? targets : known.targets };
};

const read = async (service: Service, path: string): Promise<BootOverride> => {
  const { body } = await service.get(path);
  const boot = bootProperties.parse(body["Boot"]);
  return present({
    target: boot.BootSourceOverrideTarget ?? "None",
    enabled: bootEnabledValues.find((value) => value === boot.BootSourceOverrideEnabled) ?? "Disabled",
    mode: bootModes.find((value) => value === boot.BootSourceOverrideMode),
  });
};

const isAsWanted = (override: BootOverride, wanted: BootOverride): boolean =>
  override.enabled === wanted.enabled && (wanted.enabled === "Disabled" || override.target === wanted.target);

const bodyFor = (wanted: BootOverride, current: BootOverride | undefined, { quirks }: Service): Body => {
  const target = wanted.enabled === "Disabled" ? quirks.boot.clearTarget : wanted.target;
  return present({
    BootSourceOverrideTarget: target,
    BootSourceOverrideEnabled: wanted.enabled,
    BootSourceOverrideMode: wanted.mode ?? current?.mode,
  });
};

const submit = async (service: Service, path: string, body: Body): Promise<void> => {
  const { reply } = await negotiate({
    send: (boot): Promise<Reply> => patch(service, path, { Boot: boot }),
    body,
    extras: {},
    essential: ["BootSourceOverrideTarget", "BootSourceOverrideEnabled"],
  });
  if (!isOk(reply)) throw service.refusal(reply);
  await settle(service, reply);
};
