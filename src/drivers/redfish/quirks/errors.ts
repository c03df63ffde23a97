// How refusals of this BMC are read, before the driver's own table.
import { z } from "zod";
import { type ErrorCode, errorTable } from "../../../core/errors.ts";
import { pattern } from "./value.ts";

const isErrorCode = (code: string): code is ErrorCode => code in errorTable;

/**
 * What the driver does about it, where it can:
 * - `retry`: the same again, as often as the `retries` of what was tried say
 * - `next-slot`: this slot is none for us, another may be
 * - `eject-then-retry`: something stale is in the way; only a slot that is ours or empty is ejected
 * - `already-inserted`, `nothing-inserted`: success, if the slot shows it
 * - `param-missing`, `param-unknown`: add, or drop, the parameter that the message names in its arguments or in its text
 * - `reset-bmc`: see `recovery.bmcReset`
 */
export const errorActions = [
  "retry",
  "next-slot",
  "eject-then-retry",
  "already-inserted",
  "nothing-inserted",
  "param-missing",
  "param-unknown",
  "reset-bmc",
] as const;

const errorRule = z.strictObject({
  /**
   * All that are given must hold. `id` is a MessageId or its end after a dot: `VRM0012` is any registry's and version's. `text` is a regular
   * expression on the BMC's words.
   */
  match: z
    .strictObject({ id: z.string().min(1).optional(), status: z.int().optional(), text: pattern.optional() })
    .refine((match) => Object.keys(match).length > 0, { error: "needs id, status or text" }),
  code: z.string().refine(isErrorCode, { error: "is not one of our error codes" }),
  hint: z.string().min(1).optional(),
  action: z.enum(errorActions).optional(),
});

export const errors = z.strictObject({
  /**
   * Asked in order before the driver's own table, which knows the messages of the Base registry (DSP8011) only: those of a vendor's own
   * registry (IDRAC.*, iLO.*, SMC.*, Ami.*, …) are for profiles to list.
   */
  list: z.array(errorRule).default([]),
});
