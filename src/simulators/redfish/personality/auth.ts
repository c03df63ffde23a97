// Switches of authentication and sessions (DSP0266, clause "Authentication").
import { z } from "zod";

export const auth = z.strictObject({
  basic: z.boolean().default(true),
  sessions: z.boolean().default(true),
  sessionLimit: z.int().positive().default(8),
  sessionIdleMs: z.int().positive().default(1_800_000),
  /** Whether the service root names the Sessions collection in its Links. */
  sessionsInRoot: z.boolean().default(true),
  /** Even the service root is not readable without credentials. */
  rootNeedsAuth: z.boolean().default(false),
  /** A login that also carries an Authorization header. */
  loginWithBasic: z.enum(["ignored", "refused"]).default("ignored"),
  /** Every request with Basic opens a session that counts until it is idle. */
  basicOpensSession: z.boolean().default(false),
});
