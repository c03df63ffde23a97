// Faults that belong to a product rather than to a test: the same kinds as a test can set, as data.
import { z } from "zod";

const kinds = z.discriminatedUnion("kind", [
  /** The connection is reset: before the request takes effect, or after it did and instead of its reply. */
  z.strictObject({ kind: z.literal("reset"), when: z.enum(["before", "after"]) }),
  /** No reply ever comes; the connection stays open. */
  z.strictObject({ kind: z.literal("hang"), when: z.enum(["before", "after"]) }),
  /** The right reply with its full Content-Length, cut in the middle of its body. */
  z.strictObject({ kind: z.literal("truncate") }),
  /** 503 with Retry-After, without effect. */
  z.strictObject({ kind: z.literal("busy"), retryAfterSeconds: z.int().nonnegative() }),
  /** Any error reply, without effect. `messageId` goes into a standard error body; without it there is no body. */
  z.strictObject({
    kind: z.literal("status"),
    status: z.int(),
    messageId: z.string().optional(),
    message: z.string().optional(),
  }),
  /** The right status with a body that is not JSON. */
  z.strictObject({ kind: z.literal("invalid-json") }),
  /** The right reply under another media type. */
  z.strictObject({ kind: z.literal("content-type"), value: z.string() }),
  /** A web server's own error page, without effect. */
  z.strictObject({ kind: z.literal("html"), status: z.int() }),
  /** The right status with a JSON body of at least this size. */
  z.strictObject({ kind: z.literal("huge"), sizeBytes: z.int().positive() }),
  z.strictObject({ kind: z.literal("redirect"), status: z.int(), location: z.string() }),
  /** The right reply, so many bytes at a time. */
  z.strictObject({ kind: z.literal("drip"), chunkBytes: z.int().positive(), intervalMs: z.int().nonnegative() }),
  /** The effect, then 204 with `Transfer-Encoding: chunked` and stray bytes that spoil the next reply on the connection. */
  z.strictObject({ kind: z.literal("poison") }),
]);

export const standingFault = z.strictObject({
  fault: kinds,
  method: z.string().optional(),
  /** A pattern, looked for in the path. */
  path: z.string().optional(),
  /** How many requests are hit, of those that match; absent: all. */
  count: z.int().positive().optional(),
  /** How many matching requests go by before. */
  skip: z.int().nonnegative().optional(),
  /** A restart of the BMC ends it. */
  untilBmcRestart: z.boolean().default(false),
});

export type FaultKind = z.output<typeof kinds>;
export type StandingFault = z.output<typeof standingFault>;
