// Switches of power and of the BMC's own restart (ComputerSystem.Reset, Manager.Reset).
import { z } from "zod";
import { reply } from "./values.ts";

export const power = z.strictObject({
  /** How long PoweringOn and PoweringOff last, on the clock; a boot begins when On is reached. */
  transitionMs: z.int().nonnegative().default(0),
  /** What a GET of the System shows meanwhile: PoweringOn; the state before; nothing but the error `transitioning`. */
  transition: z.enum(["shown", "hidden", "failing"]).default("shown"),
  /** So many GETs of the System after each time it went off are answered with `transitioning`. */
  failingReadsWhenOff: z.int().nonnegative().default(0),
  /** A reset that changes nothing (On while on, ForceOff while off). */
  redundant: z.enum(["accepted", "refused"]).default("accepted"),
  /** On sooner than this after the host went off is answered with `powerConflict`. */
  conflictAfterOffMs: z.int().nonnegative().default(0),
  /** GracefulShutdown and GracefulRestart: the operating system follows, or does nothing. */
  graceful: z.enum(["obeyed", "ignored"]).default("obeyed"),
  resetReply: reply.default("no-content"),
  /** How long POST lasts after each start of the host. */
  postMs: z.int().nonnegative().default(0),
  /** What is answered with `inPost` meanwhile. */
  postRefuses: z.array(z.enum(["boot", "insert", "eject", "reset"])).default(["boot"]),
});

export const bmc = z.strictObject({
  /** After Manager.Reset every connection is dropped for so long, on the clock. */
  restartMs: z.int().nonnegative().default(0),
  /** Media survive a restart of the BMC. */
  keepsMedia: z.boolean().default(false),
});
