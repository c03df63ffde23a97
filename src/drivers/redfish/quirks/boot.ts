// How the boot override is set (DSP0268 ComputerSystem.Boot).
import { z } from "zod";
import { durationMs, retries } from "./value.ts";

const text = z.string().min(1);
const bootTargets = z.array(text).min(1);
const discTargets = ["Cd", "CD/DVD", "UsbCd", "UefiCd"];

/** An OEM attribute resource of the manager in which the override is set or read back. */
const attributes = z.strictObject({
  path: z.string().regex(/^(\/|\{(system|manager)\})/, { error: "must begin with / or {system}, {manager}" }),
  /** The attribute that holds the target. */
  target: text,
  /** The attribute that says for how long; absent where there is none. */
  enabled: text.optional(),
});

const scpImport = z.strictObject({
  /** The manager's OEM action is the one whose name ends so. */
  action: text.default("ImportSystemConfiguration"),
  /** Sent as JSON. In its texts {target} and {enabled} are filled in, escaped for XML, and white space between tags is taken out. */
  body: z.record(text, z.json()),
  /** While the BMC has other work in its configuration (statuses, or errors with the action `retry`) it is asked again. */
  pending: retries({ times: 35, delayMs: 15_000, on: [] }),
  /** Added to `body` for a last try, which reboots the host: only where `policy.destructive` allows `scpReboot`. */
  reboot: z.record(text, z.json()).optional(),
});

export const boot = z
  .strictObject({
    /**
     * What is patched and read back: the System, its @Redfish.Settings object, the latter only where it really holds Boot (`auto`), or
     * the System's path with `suffix` behind it.
     */
    resource: z.enum(["auto", "system", "settings", "suffix"]).default("auto"),
    suffix: z.string().startsWith("/").optional(),
    /** `full` always sends the mode beside target and enabled: the one that is shown, UEFI where none is. */
    fields: z.enum(["minimal", "full"]).default("minimal"),
    /** `always`: read the resource for its ETag before a PATCH where none is known, and send `*` where it has none. */
    ifMatch: z.enum(["auto", "always"]).default("auto"),
    /** Setting a target resets the mode: it is read back and, where it changed, sent again by itself. */
    resyncMode: z.boolean().default(false),
    /** Sent as target with `Disabled`, where that alone is refused. With a recipe: the target that means none. */
    clearTarget: text.optional(),
    /**
     * Candidates by media type, best first; the first that the BMC allows is taken, upper and lower case alike, in the BMC's own spelling.
     * With a recipe the BMC's list does not count and the first is taken.
     */
    targetFor: z
      .strictObject({
        CD: bootTargets.default(discTargets),
        DVD: bootTargets.default(discTargets),
        USBStick: bootTargets.default(["Usb"]),
        Floppy: bootTargets.default(["Floppy", "Usb"]),
      })
      .prefault({}),
    /** `BootSourceOverrideEnabled` is refused beside this target: it is left out. */
    dropWithUefiTarget: z.boolean().default(false),
    /** `rearm`: the BMC forgets an override before the host boots, so the gateway sets it again right before each power-on. */
    once: z.enum(["native", "rearm"]).default("native"),
    /** `once`: Continuous is not taken, Once is sent instead and re-armed before each power-on. A refused Continuous leads there, too. */
    continuous: z.enum(["native", "once"]).default("native"),
    /** A read-back that does not show what was sent is repeated: some show it late. */
    readBack: z
      .strictObject({ times: z.int().min(0).max(60).default(0), delayMs: durationMs.default(1000) })
      .prefault({}),
    /** Refused for now, as in POST: the statuses, or an error of `errors.list` with the action `retry`. */
    onPost: retries({ times: 6, delayMs: 5000, on: [] }),
    /** `standard` is Boot; `attributes` patches `attributes`; `scpImport` imports a configuration and reads `attributes` back if given. */
    recipe: z.enum(["standard", "attributes", "scpImport"]).default("standard"),
    attributes: attributes.optional(),
    scpImport: scpImport.optional(),
    /** What {enabled} and the attribute say for each. */
    enabledValues: z
      .strictObject({
        Once: text.default("Enabled"),
        Continuous: text.default("Disabled"),
        Disabled: text.default("Disabled"),
      })
      .prefault({}),
  })
  .refine(({ resource, suffix }) => resource !== "suffix" || suffix !== undefined, {
    error: "resource suffix needs suffix",
  })
  .refine((quirk) => quirk.recipe === "standard" || quirk[quirk.recipe] !== undefined, {
    error: "a recipe needs the section of its name",
  });
