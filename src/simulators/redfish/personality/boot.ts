// Switches of the boot override (ComputerSystem schema, Boot; Settings schema).
import { z } from "zod";
import { condition, setting } from "./values.ts";

const mediaType = z.enum(["CD", "DVD", "Floppy", "USBStick"]);

/** A boot source that is chosen by OEM properties instead of Boot. */
const oemSource = z.strictObject({
  /** All must hold at the start of the host. */
  when: z.array(condition).min(1),
  /** Boots from a slot that is one of these. */
  from: z.array(mediaType),
  /** Done when it was used: what makes it a one-time boot. */
  set: z.array(setting).default([]),
});

export const boot = z.strictObject({
  /** Where a PATCH of Boot is taken: the System, or its Settings object. */
  resource: z.enum(["system", "settings"]).default("system"),
  /** The System names its Settings object in `@Redfish.Settings`. */
  settingsAdvertised: z.boolean().default(true),
  /** Path of the Settings object below the System, where the fixture names none. */
  settingsPath: z.string().startsWith("/").default("/Settings"),
  /** The properties of Boot that the Settings object has; the others are written at the System. Absent: all. `[]`: it has no Boot. */
  settingsHold: z.array(z.string()).optional(),
  /** When a Boot written there begins to count. */
  settingsApply: z.enum(["at-reset", "at-once"]).default("at-reset"),
  /** Where `BootSourceOverrideTarget@Redfish.AllowableValues` can be read. */
  targetsIn: z.enum(["both", "system", "settings", "neither"]).default("both"),
  /** `lost`: the reply is a success and nothing is set. `kept-one-boot-more`: it also holds for the boot after. */
  once: z.enum(["honoured", "becomes-continuous", "lost", "kept-one-boot-more"]).default("honoured"),
  continuous: z.enum(["honoured", "refused", "becomes-once"]).default("honoured"),
  /** What a target without BootSourceOverrideEnabled does to it. */
  targetAlone: z.enum(["keeps-enabled", "sets-once", "disables"]).default("keeps-enabled"),
  /** What setting a target does to the mode: nothing; Legacy unless the mode is sent along; Legacy whatever is sent along. */
  modeAfterTarget: z.enum(["kept", "legacy-unless-sent", "legacy"]).default("kept"),
  /** What a mode without a target does. */
  modeAlone: z.enum(["accepted", "clears-target", "refused"]).default("accepted"),
  /** BootSourceOverrideEnabled together with the target UefiTarget. */
  enabledWithUefiTarget: z.enum(["accepted", "refused"]).default("accepted"),
  /** BootSourceOverrideEnabled without a target. */
  enabledAlone: z.enum(["accepted", "refused"]).default("accepted"),
  /** BootSourceOverrideEnabled is this, whatever was written. */
  enabledStays: z.enum(["Once", "Continuous", "Disabled"]).optional(),
  readOnly: z.array(z.string()).default([]),
  /** Properties that every PATCH of Boot must carry. */
  required: z.array(z.string()).default([]),
  /** The override is gone when the host is switched off. */
  clearedByPowerOff: z.boolean().default(false),
  /** What a target boots from, where that is not what its name says: `{"CD/DVD": ["CD"], "Cd": []}`. */
  bootsFrom: z.record(z.string(), z.array(mediaType)).default({}),
  /** The host has a real drive of these types, which comes before the virtual one of the same type. */
  physicalDrives: z.array(mediaType).default([]),
  oemSources: z.array(oemSource).default([]),
});
