// What a BMC shows of itself, its slots, its boot override and its power, as core/driver.ts and core/gateway.ts have it.
import { z } from "zod";
import { bootEnabledValues, bootModes, mediaTypes, powerStates, protocols, resetTypes } from "../../core/vocabulary.ts";

const text = z.string();
const maybeText = text.exactOptional();
const texts = z.array(text);

export const identity = z
  .object({
    protocol: z.enum(protocols),
    vendor: maybeText,
    product: maybeText,
    protocolVersion: maybeText,
    oem: texts,
    managerModel: maybeText,
    firmwareVersion: maybeText,
    systemManufacturer: maybeText,
    systemModel: maybeText,
    systemId: maybeText,
    uuid: maybeText,
    serialNumber: maybeText,
  })
  .meta({ id: "Identity" });

export const slotState = z
  .object({
    inserted: z.boolean(),
    image: maybeText,
    imageName: maybeText,
    writeProtected: z.boolean().exactOptional(),
    connectedVia: maybeText,
  })
  .meta({ id: "SlotState" });

const slot = z.object({
  id: text,
  mediaTypes: z.array(z.enum(mediaTypes)),
  urlCapable: z.boolean(),
  state: slotState.exactOptional(),
});

export const bootOverride = z
  .object({ target: text, enabled: z.enum(bootEnabledValues), mode: z.enum(bootModes).exactOptional() })
  .meta({ id: "BootOverride" });

export const bootView = z.object({ override: bootOverride, targets: texts }).meta({ id: "BootView" });

export const powerView = z
  .object({ state: z.enum(powerStates), resetTypes: z.array(z.enum(resetTypes)) })
  .meta({ id: "PowerView" });

export const mediaView = z
  .object({ slots: z.array(slot.extend({ attachmentId: maybeText })) })
  .meta({ id: "MediaView" });

export const probeReport = z
  .object({
    identity,
    profile: z.object({ id: text, why: texts }),
    slots: z.array(slot),
    boot: bootView.exactOptional(),
    power: powerView.exactOptional(),
    can: z.object({ media: z.boolean(), boot: z.boolean(), power: z.boolean() }),
    exchanges: z.number().int().min(0),
    warnings: texts,
  })
  .meta({ id: "ProbeReport" });
