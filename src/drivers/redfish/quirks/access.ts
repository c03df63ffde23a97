// How the service is spoken to: authentication, pace, time-outs, ETags, $expand (DSP0266).
import { z } from "zod";
import { durationMs, retries } from "./value.ts";

export const auth = z.strictObject({
  /**
   * `auto` is Basic, and a session where Basic gets 401. `session` goes back to Basic when the BMC has no session to give. `basic` never
   * logs in.
   */
  mode: z.enum(["auto", "basic", "session"]).default("auto"),
  /** `basic`: the medium leaves the slot when the session that inserted it ends, so an insert is sent with Basic whatever the mode. */
  mountAuth: z.enum(["same", "basic"]).default("same"),
});

export const http = z.strictObject({
  /** Requests at once. */
  maxInFlight: z.int().min(1).max(8).default(1),
  /** From an answer to the next request. Where the BMC says 503 or does not answer in time it grows, up to 2 s, for the conversation. */
  minGapMs: durationMs.max(10_000).default(0),
  /** False: each request has a connection of its own. */
  keepAlive: z.boolean().default(true),
  /** Compression makes some services answer ETags that then fail an If-Match. A 406 is asked again with gzip, from then on. */
  acceptEncoding: z.enum(["identity", "gzip"]).default("identity"),
  /** Which ETag a PATCH sends as If-Match: the header's or else the body's, one of them, `*`, or none. */
  etag: z.enum(["auto", "header", "body", "star", "none"]).default("auto"),
  /** How it is sent first: as it was seen, without `W/`, or without `W/` and quotes. A 412 is answered with the other forms. */
  etagForm: z.enum(["asis", "strong", "unquoted"]).default("asis"),
  /** Longer ETags, in bytes with their quotes, are refused: nothing is sent instead. */
  etagMaxLength: z.int().positive().optional(),
  /** `auto` believes ProtocolFeaturesSupported; `all` is `*`, `nolinks` is `.`. What the service refuses or ignores is not asked again. */
  expand: z.enum(["auto", "all", "nolinks", "none"]).default("auto"),
  /** A GET that is answered so is sent again; Retry-After, up to 30 s, goes before `delayMs`. */
  readRetries: retries({ times: 3, delayMs: 1000, on: [429, 503] }),
  /** For the TCP connection, and again for the TLS handshake. */
  connectTimeoutMs: durationMs.default(30_000),
  /** From a request to its answer. */
  responseTimeoutMs: durationMs.default(60_000),
  /** The same for an insert, beside what a download of the whole image takes. */
  insertTimeoutMs: durationMs.default(300_000),
  /** How long a task (202) may take. */
  taskTimeoutMs: durationMs.default(300_000),
});
