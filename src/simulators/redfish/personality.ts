// How one simulated BMC behaves where the Redfish specification (DSP0266, DSP0268) leaves a choice or where products deviate from it.
// The default of every switch is the schema-true behaviour. Fixtures hold these as personality.json; tests override single values.
import { z } from "zod";

const reply = z.enum(["no-content", "message", "task", "task-in-body", "task-without-address"]);

const auth = z.strictObject({
  basic: z.boolean().default(true),
  sessions: z.boolean().default(true),
  sessionLimit: z.int().positive().default(8),
  sessionIdleMs: z.int().positive().default(1_800_000),
  /** Whether the service root names the Sessions collection in its Links. */
  sessionsInRoot: z.boolean().default(true),
});

const http = z.strictObject({
  keepAlive: z.boolean().default(true),
  etag: z.enum(["strong", "weak", "none"]).default("strong"),
  /** What happens to a PATCH by its If-Match: not looked at, compared when sent (412), demanded (428). */
  ifMatch: z.enum(["ignored", "honoured", "required"]).default("honoured"),
  patchReply: z.enum(["resource", "no-content"]).default("resource"),
  /** Replaces the root's `ProtocolFeaturesSupported.ExpandQuery`; without it the fixture's own holds. `false` takes it away. */
  expand: z
    .union([
      z.literal(false),
      z.strictObject({
        all: z.boolean().default(true),
        links: z.boolean().default(true),
        noLinks: z.boolean().default(true),
        levels: z.boolean().default(true),
        maxLevels: z.int().positive().default(4),
      }),
    ])
    .optional(),
  /** A query parameter with `$` that is not declared: 501, or not looked at. */
  undeclaredQuery: z.enum(["refused", "ignored"]).default("refused"),
  /** Prefix of the Base message registry, `Base.<major>.<minor>`. */
  messages: z.string().default("Base.1.18"),
});

const media = z.strictObject({
  /** Where the VirtualMedia collection hangs; `as-is` leaves it where the fixture has it. */
  view: z.enum(["as-is", "system", "manager", "both"]).default("as-is"),
  control: z.enum(["actions", "patch", "both"]).default("actions"),
  /** An empty slot lists only InsertMedia, a full one only EjectMedia. */
  actionsFollowState: z.boolean().default(false),
  empty: z.enum(["null", "empty-string", "absent", "none-string"]).default("null"),
  /** After an eject Image, ImageName and Inserted still show the last medium; only ConnectedVia tells. */
  staleAfterEject: z.boolean().default(false),
  /** Leaves these properties out of every slot. */
  hidden: z.array(z.string()).default([]),
  echoImage: z.boolean().default(true),
  occupied: z.enum(["refused", "replaced"]).default("refused"),
  /** How many slots may hold a medium at once; 0 is no limit. */
  maxInserted: z.int().nonnegative().default(0),
  /** `object`: an EjectMedia without a JSON body is 415. */
  ejectBody: z.enum(["object", "optional"]).default("optional"),
  ejectEmpty: z.enum(["accepted", "refused"]).default("accepted"),
  /** Parameters InsertMedia knows beside Image. */
  parameters: z
    .array(z.string())
    .default(["Inserted", "WriteProtected", "TransferMethod", "TransferProtocolType", "UserName", "Password"]),
  /** Parameters without which InsertMedia is refused. */
  required: z.array(z.string()).default(["Image"]),
  /** Slots point at a resource that describes InsertMedia's parameters (`@Redfish.ActionInfo`). */
  actionInfo: z.boolean().default(false),
  schemes: z.array(z.string()).default(["http", "https"]),
  /** An image URL with one of these characters is refused. */
  forbiddenCharacters: z.string().default(""),
  insertReply: reply.default("no-content"),
  ejectReply: reply.default("no-content"),
  /** A task is not done before this long after its request, on the clock. */
  taskMs: z.int().nonnegative().default(0),
  retryAfterSeconds: z.int().nonnegative().default(1),
  /** The slot shows the change only this long after the reply, on the clock. */
  insertDelayMs: z.int().nonnegative().default(0),
  ejectDelayMs: z.int().nonnegative().default(0),
  /** A PATCH with Image attaches nothing unless it also says `Inserted: true`. */
  patchNeedsInserted: z.boolean().default(false),
  /** The medium goes away with the session that inserted it. */
  ownedBySession: z.boolean().default(false),
  /** `ranges`: HEAD, then ranged GETs while the medium is in. `upload`: one GET of everything inside the insert. `none`: reads nothing. */
  reader: z.enum(["ranges", "upload", "none"]).default("ranges"),
  blockBytes: z.int().positive().default(65_536),
  readTimeoutMs: z.int().positive().default(30_000),
});

const boot = z.strictObject({
  /** Where a PATCH of Boot is taken: the System, or its @Redfish.Settings object, whose values act from the next reset. */
  resource: z.enum(["system", "settings"]).default("system"),
  once: z.enum(["honoured", "becomes-continuous"]).default("honoured"),
  readOnly: z.array(z.string()).default([]),
  /** Properties that every PATCH of Boot must carry. */
  required: z.array(z.string()).default([]),
});

const power = z.strictObject({
  /** How long PoweringOn and PoweringOff last, on the clock; a boot begins when On is reached. */
  transitionMs: z.int().nonnegative().default(0),
  /** A reset that changes nothing (On while on, ForceOff while off). */
  redundant: z.enum(["accepted", "refused"]).default("accepted"),
});

export const personalitySchema = z.strictObject({
  title: z.string().default(""),
  auth: auth.prefault({}),
  http: http.prefault({}),
  media: media.prefault({}),
  boot: boot.prefault({}),
  power: power.prefault({}),
});

export type Personality = z.output<typeof personalitySchema>;

/** Any part of a personality: what personality.json and a test's overrides hold. */
export type PersonalityOverrides = z.input<typeof personalitySchema>;

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const merge = (base: unknown, over: unknown): unknown => {
  if (over === undefined) return base;
  if (!isPlain(base) || !isPlain(over)) return over;
  const names = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries([...names].map((name) => [name, merge(base[name], over[name])]));
};

/** @throws ZodError naming the unknown or malformed switch */
export const readPersonality = (fixture: unknown, overrides: PersonalityOverrides = {}): Personality =>
  personalitySchema.parse(merge(fixture, overrides));
