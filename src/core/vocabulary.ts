// The value sets of the domain, spelled as Redfish spells them where Redfish has a word (DSP0268 VirtualMedia, ComputerSystem).

export const protocols = ["redfish"] as const;
export type ProtocolName = (typeof protocols)[number];

export const mediaTypes = ["CD", "DVD", "Floppy", "USBStick"] as const;
export type MediaType = (typeof mediaTypes)[number];

/** What the attachment is for: the instance's config drive, or an image to boot from. */
export const attachmentRoles = ["configdrive", "boot"] as const;
export type AttachmentRole = (typeof attachmentRoles)[number];

export const imageFormats = ["iso9660", "fat"] as const;
export type ImageFormat = (typeof imageFormats)[number];

export const bootEnabledValues = ["Once", "Continuous", "Disabled"] as const;
export type BootEnabled = (typeof bootEnabledValues)[number];

export const bootModes = ["UEFI", "Legacy"] as const;
export type BootMode = (typeof bootModes)[number];

/** Redfish `BootSourceOverrideTarget`; vendors add their own (`UsbCd`), so any string may come back from a BMC. */
export type BootTarget = string;

export const powerStates = ["On", "Off", "PoweringOn", "PoweringOff", "Paused", "Unknown"] as const;
export type PowerState = (typeof powerStates)[number];

export const resetTypes = [
  "On",
  "ForceOff",
  "GracefulShutdown",
  "GracefulRestart",
  "ForceRestart",
  "Nmi",
  "ForceOn",
  "PushPowerButton",
  "PowerCycle",
] as const;
export type ResetType = (typeof resetTypes)[number];

export const roles = ["reader", "operator", "admin"] as const;
export type Role = (typeof roles)[number];

export const operationKinds = ["attach", "replace", "detach", "boot", "power", "eject"] as const;
export type OperationKind = (typeof operationKinds)[number];

export const operationStates = ["queued", "running", "compensating", "succeeded", "failed", "cancelled"] as const;
export type OperationState = (typeof operationStates)[number];

export const stepStates = ["running", "done", "failed", "undone"] as const;
export type StepState = (typeof stepStates)[number];

/** `attaching` and `detaching` have an operation under way; `attached` was confirmed by the BMC; `detached` is the end. */
export const attachmentStates = ["attaching", "attached", "detaching", "detached", "failed"] as const;
export type AttachmentState = (typeof attachmentStates)[number];

/** In which an attachment claims its role on the machine. The index `attachments_live_role` says the same. */
export const liveStates = ["attaching", "attached", "detaching"] as const satisfies readonly AttachmentState[];

export const tlsModes = ["verify", "pinned", "insecure"] as const;
export type TlsMode = (typeof tlsModes)[number];

/** `modern`: TLS 1.2 and newer. `legacy`: down to TLS 1.0 with weak keys, for firmware that has nothing better. */
export const tlsLevels = ["modern", "legacy"] as const;
export type TlsLevel = (typeof tlsLevels)[number];

/**
 * What a statement about a BMC rests on. `code`: read in the maker's, or a client's, code or manual. `capture`: in a recorded tree.
 * `measured`: tried by us. `report`: an issue. `inferred`: concluded, seen nowhere.
 */
export const confidences = ["code", "capture", "measured", "report", "inferred"] as const;
export type Confidence = (typeof confidences)[number];

/** Where a profile's file is from: with us, or of the operator's own folder. */
export const profileOrigins = ["shipped", "site"] as const;
export type ProfileOrigin = (typeof profileOrigins)[number];

/** By the standard's action or a vendor's own, by PATCH of the slot, or by the requests that a profile lists. */
export const insertMethods = ["action", "patch", "recipe"] as const;
export type InsertMethod = (typeof insertMethods)[number];

/** `unknown`: what decides it cannot be seen at present. */
export const fitVerdicts = ["yes", "no", "unknown"] as const;
export type FitVerdict = (typeof fitVerdicts)[number];

/** When a boot override that the BMC does not keep is set again: before the next power-on, or before each. */
export const rearmTimes = ["next", "each"] as const;
export type RearmTime = (typeof rearmTimes)[number];

/** What a driver does only where the operator allows it, since it harms more than the machine's media: resets of BMC and host. */
export const destructiveSteps = ["bmcReset", "scpReboot"] as const;
export type Destructive = (typeof destructiveSteps)[number];

/** The files of a fixture; there are no others. */
export const recordingFiles = ["resources.json", "personality.json", "PROVENANCE.md"] as const;
export type RecordingFile = (typeof recordingFiles)[number];

/** How the files of a config drive are laid out: cloud-init's ConfigDrive version 2, or its NoCloud. */
export const driveLayouts = ["openstack", "nocloud"] as const;
export type DriveLayout = (typeof driveLayouts)[number];

/** How a named credential logs in to an image's origin. */
export const credentialKinds = ["basic", "bearer", "headers", "swift", "s3"] as const;
export type CredentialKind = (typeof credentialKinds)[number];

/** When an attachment is detached by itself. `boot`: at the machine's next reset after the attach. */
export const detachTimes = ["never", "read", "boot", "timer"] as const;
export type DetachTime = (typeof detachTimes)[number];

/**
 * How a BMC reads: nothing yet; by download, which is in such an order, or so much at once, that it cannot be told what the host read of it;
 * or pieces, as the host asks for them.
 */
export const readPatterns = ["none", "download", "pieces"] as const;
export type ReadPattern = (typeof readPatterns)[number];
