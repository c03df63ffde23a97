// What a starting host boots from: a slot's flag, then OEM settings, then the override; real drives before virtual ones where a host has them.
import type { Slot } from "../media/slot.ts";
import type { Personality } from "../personality/index.ts";
import type { World } from "../resources/world.ts";
import type { BootOverride } from "./boot.ts";

export interface BootSource {
  /** The target, `Hdd` where there is none or its medium is missing, `Flag` or `Oem`. */
  readonly source: string;
  readonly slot?: Slot;
}

export interface BootSourceContext {
  readonly personality: Personality;
  readonly world: World;
  /** Those that the host sees now. */
  readonly slots: readonly Slot[];
}

const standardTypes: Readonly<Record<string, readonly string[]>> = {
  Cd: ["CD", "DVD"],
  UsbCd: ["CD", "DVD"],
  Usb: ["USBStick"],
  Floppy: ["Floppy"],
};

const slotOf = (slots: readonly Slot[], types: readonly string[]): Slot | undefined =>
  slots.find(({ shown, mediaTypes }) => shown?.inserted === true && mediaTypes.some((type) => types.includes(type)));

const flaggedSlot = ({ personality, world, slots }: BootSourceContext): Slot | undefined => {
  const { bootFlag } = personality.media;
  if (bootFlag === undefined) return undefined;
  return slots.find(
    ({ shown, uris }) => shown?.inserted === true && uris.some((uri) => world.read(uri, bootFlag.property) === true),
  );
};

const oemSource = ({ personality, world, slots }: BootSourceContext): BootSource | undefined => {
  const chosen = personality.boot.oemSources.find(({ when }) => world.holds(when));
  if (chosen === undefined) return undefined;
  world.apply(chosen.set);
  const slot = slotOf(slots, chosen.from);
  return slot === undefined ? { source: "Hdd" } : { source: "Oem", slot };
};

export const bootSource = (context: BootSourceContext, { enabled, target }: BootOverride): BootSource => {
  const flagged = flaggedSlot(context);
  if (flagged !== undefined) return { source: "Flag", slot: flagged };
  const oem = oemSource(context);
  if (oem !== undefined) return oem;
  if (enabled === "Disabled" || target === "None") return { source: "Hdd" };
  const { bootsFrom, physicalDrives } = context.personality.boot;
  const types = bootsFrom[target] ?? standardTypes[target] ?? [];
  if (types.length === 0 || physicalDrives.some((type) => types.includes(type))) return { source: target };
  const slot = slotOf(context.slots, types);
  return slot === undefined ? { source: "Hdd" } : { source: target, slot };
};
