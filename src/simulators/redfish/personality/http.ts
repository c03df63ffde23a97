// Switches of the HTTP side: connections, pace, ETags, queries (DSP0266, clause "Protocol details").
import { z } from "zod";

export const http = z.strictObject({
  keepAlive: z.boolean().default(true),
  /** The connection is closed after so many replies; 0 is never. */
  requestsPerConnection: z.int().nonnegative().default(0),
  /** Whether that close is told by `Connection: close`, or only met by the next request. */
  closes: z.enum(["announced", "silently"]).default("announced"),
  /** How long every reply takes, beside the work itself. */
  latencyMs: z.int().nonnegative().default(0),
  /** Requests at once; one more is an overload. 0 is no limit. */
  maxInFlight: z.int().nonnegative().default(0),
  /** A request sooner than this after the last reply is an overload, on the clock. */
  minGapMs: z.int().nonnegative().default(0),
  /** What an overload does: the reply `overloaded`, a reset connection, or a BMC that is gone for `crashMs`. */
  overload: z.enum(["refused", "reset", "crash"]).default("refused"),
  crashMs: z.int().positive().default(60_000),
  /** `empty`: the header and the property are `""`. `unquoted`: without the quotation marks. */
  etag: z.enum(["strong", "weak", "unquoted", "empty", "none"]).default("strong"),
  /** Where it stands. */
  etagIn: z.enum(["both", "header", "body"]).default("both"),
  /** Its length without quotes. */
  etagLength: z.int().min(4).max(64).default(16),
  /** A body is compressed where the client takes gzip; what that does to the ETag header. */
  gzip: z.enum(["never", "etag-kept", "etag-suffixed", "etag-weakened"]).default("never"),
  /** A request that accepts nothing but identity. */
  identityEncoding: z.enum(["accepted", "refused"]).default("accepted"),
  /** What happens to a PATCH by its If-Match: not looked at, compared when sent (412), demanded (428). */
  ifMatch: z.enum(["ignored", "honoured", "required"]).default("honoured"),
  /** Patterns of URIs that demand an If-Match whatever `ifMatch` says. */
  ifMatchRequiredAt: z.array(z.string()).default([]),
  /** `*` as an If-Match. */
  ifMatchStar: z.enum(["accepted", "refused"]).default("accepted"),
  /** The spelling that If-Match must have: as sent to the client, without `W/`, or without quotes. */
  ifMatchForm: z.enum(["as-sent", "strong", "unquoted"]).default("as-sent"),
  /** A longer If-Match is refused; 0 is no limit. */
  maxIfMatchBytes: z.int().nonnegative().default(0),
  patchReply: z.enum(["resource", "no-content", "message"]).default("resource"),
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
  /** Symbols of $expand that are declared and yet refused. */
  expandFails: z.array(z.enum([".", "~", "*"])).default([]),
  /** A query parameter with `$` that is not declared: 501, or not looked at. */
  undeclaredQuery: z.enum(["refused", "ignored"]).default("refused"),
  /** `$select` is understood, beside $expand. */
  select: z.boolean().default(false),
  /** Prefix of the Base message registry, `Base.<major>.<minor>`. */
  messages: z.string().default("Base.1.18"),
});
