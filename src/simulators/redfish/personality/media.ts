// Switches of virtual media: where slots are, what an insert takes, what an eject leaves (VirtualMedia schema, DSP0268).
import { z } from "zod";
import { errorReply } from "./replies.ts";
import { reply, scalar } from "./values.ts";

const control = z.enum(["actions", "patch", "both", "none"]);
const mediaType = z.enum(["CD", "DVD", "Floppy", "USBStick"]);

/** What differs for some slots: the first rule that matches holds. */
const slotRule = z.strictObject({
  /** A pattern, looked for in the slot's URI: `/EXT\d$`. */
  match: z.string(),
  /** False: an insert is answered with `refusal`, whatever it says. */
  takesUrl: z.boolean().default(true),
  /** Absent: `errors.replies.slotRefused`. */
  refusal: errorReply.optional(),
  /** Instead of `media.control`. `none`: neither actions nor PATCH. */
  control: control.optional(),
  /** Instead of `media.extensions` and `media.schemes`. */
  extensions: z.array(z.string()).optional(),
  schemes: z.array(z.string()).optional(),
  /** What the host sees, where the resource has no MediaTypes or wrong ones. */
  is: z.array(mediaType).optional(),
  /** Taken out of these slots, beside `media.hidden`. */
  hidden: z.array(z.string()).default([]),
  /** False: a GET of it is 404, only OEM actions reach it. */
  readable: z.boolean().default(true),
});

const places = {
  /** Where the VirtualMedia collection hangs; `as-is` leaves it where the fixture has it. */
  view: z.enum(["as-is", "system", "manager", "both"]).default("as-is"),
  /** URIs of slots that are in resources.json and in no Members. */
  unlisted: z.array(z.string()).default([]),
  /** Lists of slot URIs that are one device: what goes into one shows in all. Each keeps its own Id and MediaTypes. */
  sameDevice: z.array(z.array(z.string()).min(2)).default([]),
  slots: z.array(slotRule).default([]),
  control: control.default("actions"),
  insertTarget: z.string().default("/Actions/VirtualMedia.InsertMedia"),
  ejectTarget: z.string().default("/Actions/VirtualMedia.EjectMedia"),
  /** An empty slot lists only InsertMedia, a full one only EjectMedia. */
  actionsFollowState: z.boolean().default(false),
  /** How many slots may hold a medium at once; 0 is no limit. */
  maxInserted: z.int().nonnegative().default(0),
  licensed: z.boolean().default(true),
};

const shown = {
  empty: z.enum(["null", "empty-string", "absent", "none-string"]).default("null"),
  /** What `Inserted` of an empty slot is. */
  emptyInserted: z.enum(["false", "null", "absent"]).default("false"),
  /** What `ConnectedVia` of a slot with a URL is, and of an empty one. */
  connectedVia: z.string().default("URI"),
  connectedViaEmpty: z.string().nullable().default("NotConnected"),
  /** What an empty slot still shows of its last medium: true is Image, ImageName and Inserted. Only ConnectedVia tells. */
  staleAfterEject: z.union([z.boolean(), z.array(z.string())]).default(false),
  /** Leaves these properties out of every slot. */
  hidden: z.array(z.string()).default([]),
  echoImage: z.boolean().default(true),
  /** `Image` of a full slot shows this, whatever was inserted. */
  shownImage: z.string().optional(),
};

const insert = {
  occupied: z.enum(["refused", "replaced"]).default("refused"),
  /** Parameters InsertMedia knows beside Image. */
  parameters: z
    .array(z.string())
    .default(["Inserted", "WriteProtected", "TransferMethod", "TransferProtocolType", "UserName", "Password"]),
  /** Unknown parameters are refused, or not looked at. */
  unknownParameters: z.enum(["refused", "ignored"]).default("refused"),
  /** Parameters without which InsertMedia is refused. */
  required: z.array(z.string()).default(["Image"]),
  /** Further ones by the URL's scheme: `{"cifs": ["UserName", "Password"]}`. */
  requiredFor: z.record(z.string(), z.array(z.string())).default({}),
  /** Lists of parameters of which all or none must be there. */
  together: z.array(z.array(z.string())).default([]),
  /** Values a parameter takes, where fewer than the schema's: `{"Inserted": [true], "TransferMethod": ["Stream"]}`. */
  values: z.record(z.string(), z.array(scalar)).default({}),
  /** Slots point at a resource that describes InsertMedia's parameters (`@Redfish.ActionInfo`). */
  actionInfo: z.boolean().default(false),
  /** `values` and the transfer protocols also stand in the action as `…@Redfish.AllowableValues`. */
  inlineValues: z.boolean().default(false),
  /** An insert without `Inserted: true` is answered as a success and attaches nothing. */
  needsInserted: z.boolean().default(false),
  /** A PATCH with Image attaches nothing unless it also says `Inserted: true`. */
  patchNeedsInserted: z.boolean().default(false),
  insertReply: reply.default("no-content"),
  /** How long the request itself takes, on the clock. */
  insertMs: z.int().nonnegative().default(0),
  /** The slot shows the change only this long after the reply, on the clock. */
  insertDelayMs: z.int().nonnegative().default(0),
  /** A PATCH of Boot is refused with `inPost` for so long after an insert. */
  busyAfterInsertMs: z.int().nonnegative().default(0),
};

const urls = {
  schemes: z.array(z.string()).default(["http", "https"]),
  /** With their dot; without any all are taken. */
  extensions: z.array(z.string()).default([]),
  /** An image URL with one of these characters is refused. */
  forbiddenCharacters: z.string().default(""),
  /** 0 is no limit. */
  maxUrlLength: z.int().nonnegative().default(0),
  hostForms: z.array(z.enum(["ipv4", "ipv6", "name"])).default(["ipv4", "ipv6", "name"]),
  /** The URL ends for this BMC at the first of these characters: it reads another one than it was given. */
  cutAt: z.string().default(""),
};

const eject = {
  /** `object`: an EjectMedia without a JSON body is 415. */
  ejectBody: z.enum(["object", "optional"]).default("optional"),
  ejectEmpty: z.enum(["accepted", "refused"]).default("accepted"),
  ejectReply: reply.default("no-content"),
  ejectDelayMs: z.int().nonnegative().default(0),
  /** For so long after an eject another one of this slot is answered with `detaching`. */
  detachMs: z.int().nonnegative().default(0),
  /** The eject that begins it is answered so too, although it works. */
  ejectAnswersDetaching: z.boolean().default(false),
  /** An insert into a slot sooner than this after its eject is answered with `tooSoon`. */
  reinsertAfterMs: z.int().nonnegative().default(0),
};

const life = {
  /** A task is not done before this long after its request, on the clock. */
  taskMs: z.int().nonnegative().default(0),
  retryAfterSeconds: z.int().nonnegative().default(1),
  /** The medium goes away with the session that inserted it. */
  ownedBySession: z.boolean().default(false),
  /** The medium goes away when no host has read it for so long, on the clock; 0 is never. */
  idleUnmountMs: z.int().nonnegative().default(0),
  /** JSON Pointer of a slot's flag: the next boot is from this slot, and so many boots later it is ejected. */
  bootFlag: z.strictObject({ property: z.string().startsWith("/"), ejectAfterBoots: z.int().positive() }).optional(),
};

const reading = {
  /**
   * `ranges`: HEAD, then ranged GETs while the medium is in. `ranges-without-head`: a GET of one byte instead of the HEAD.
   * `upload`: one GET of everything inside the insert. `none`: reads nothing.
   */
  reader: z.enum(["ranges", "ranges-without-head", "upload", "none"]).default("ranges"),
  blockBytes: z.int().positive().default(65_536),
  readTimeoutMs: z.int().positive().default(30_000),
  /** 0 is no limit. */
  maxImageBytes: z.int().nonnegative().default(0),
  /**
   * Whether an https server's certificate is checked. `if-known`: only when the simulator was given a CA. `property`: by the slot's
   * VerifyCertificate. Trusted are that CA and what was put into the slot's Certificates or into `certificateParameter`.
   */
  verifyCertificate: z.enum(["if-known", "never", "always", "property"]).default("if-known"),
  /** Each slot has a Certificates collection that takes so many; 0 is none. */
  certificateLimit: z.int().nonnegative().default(0),
  /** An insert's parameter that carries a PEM certificate to be trusted; it must be among `parameters`. */
  certificateParameter: z.string().optional(),
};

export const media = z.strictObject({ ...places, ...shown, ...insert, ...urls, ...eject, ...life, ...reading });

export type SlotRule = z.output<typeof slotRule>;
