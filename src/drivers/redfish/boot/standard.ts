// The override in a resource's Boot object (DSP0268 ComputerSystem).
import type { BootOverride } from "../../../core/driver.ts";
import { type BootMode, bootEnabledValues, bootModes } from "../../../core/vocabulary.ts";
import type { Knowledge } from "../knowledge.ts";
import { present } from "../memory.ts";
import { bootProperties } from "../schema.ts";
import { patch } from "../service/conditional.ts";
import { isOk, type Reply } from "../service/message.ts";
import { type Body, negotiate } from "../service/negotiate.ts";
import type { Service } from "../service/service.ts";
import { settle } from "../service/task.ts";
import type { OverrideStore } from "./override.ts";
import { type Place, placeOf } from "./place.ts";

export const createStandardStore = (service: Service, knowledge: Knowledge): OverrideStore => {
  const place = (): Promise<Place> => placeOf(service, knowledge);

  const write = async (wanted: BootOverride): Promise<void> => {
    const at = await place();
    const { fields, resyncMode } = service.quirks.boot;
    const needsMode = wanted.mode === undefined && (fields === "full" || resyncMode);
    const shown = needsMode ? (await readOverride(service, at.path)).mode : wanted.mode;
    // Where the mode is demanded and none is shown, it is that of today's firmware.
    const mode = shown ?? (fields === "full" ? "UEFI" : undefined);
    await submit(service, at, bodyFor(wanted, mode, service));
    if (!resyncMode || mode === undefined) return;
    const now = await readOverride(service, at.path);
    if (now.mode !== mode) await submit(service, at, { BootSourceOverrideMode: mode });
  };

  return {
    shows: true,
    targets: async () => (await place()).targets,
    read: async () => readOverride(service, (await place()).path),
    write,
  };
};

export const readOverride = async (service: Service, path: string): Promise<BootOverride> => {
  const { body } = await service.get(path);
  const boot = bootProperties.parse(body["Boot"]);
  return present({
    target: boot.BootSourceOverrideTarget ?? "None",
    enabled: bootEnabledValues.find((value) => value === boot.BootSourceOverrideEnabled) ?? "Disabled",
    mode: bootModes.find((value) => value === boot.BootSourceOverrideMode),
  });
};

const bodyFor = (wanted: BootOverride, mode: BootMode | undefined, { quirks: { boot } }: Service): Body => {
  const cleared = boot.clearTarget ?? (boot.fields === "full" ? "None" : undefined);
  const target = wanted.enabled === "Disabled" ? cleared : wanted.target;
  const isBare = boot.dropWithUefiTarget && target === "UefiTarget";
  return present({
    BootSourceOverrideTarget: target,
    BootSourceOverrideEnabled: isBare ? undefined : wanted.enabled,
    BootSourceOverrideMode: boot.fields === "full" ? mode : wanted.mode,
  });
};

/** A mode that the place does not hold is not sent there, unless it is demanded. */
const submit = async (service: Service, { path, holdsMode }: Place, wanted: Body): Promise<void> => {
  const { BootSourceOverrideMode: _mode, ...modeless } = wanted;
  const { fields } = service.quirks.boot;
  const { reply } = await negotiate({
    send: (boot): Promise<Reply> =>
      patch(service, path, { Boot: boot }, { always: service.quirks.boot.ifMatch === "always" }),
    body: holdsMode === false && fields !== "full" && Object.keys(modeless).length > 0 ? modeless : wanted,
    extras: {},
    essential: ["BootSourceOverrideTarget", "BootSourceOverrideEnabled"],
    rules: service.quirks.errors.list,
  });
  if (!isOk(reply)) throw service.refusal(reply);
  await settle(service, reply);
};
