// Which resources are the machine's slots, what they can take, and when one is empty (DSP0268 VirtualMedia).
import { z } from "zod";
import { mediaTypes } from "../../../core/vocabulary.ts";
import { pattern, predicate } from "./value.ts";

const places = z.enum(["system", "manager"]);
const types = z.array(z.enum(mediaTypes)).min(1);

export const slots = z.strictObject({
  /** Where the VirtualMedia collection is looked for, in order; the first that has members is used. */
  where: z.array(places).min(1).default(["system", "manager"]),
  /** Only slots whose Id matches take a URL: `^1$` pins slot 1. */
  include: pattern.optional(),
  /** Slots whose Id matches take no URL: upload-only or for the console. */
  exclude: pattern.optional(),
  /** Media types by Id, for slots that list none or wrong ones. The first rule whose `id` matches decides. */
  mediaTypes: z.array(z.strictObject({ id: pattern, types })).default([]),
  /** Ids, best first; the others follow as the BMC lists them. A boot image takes the first fitting slot, a config drive another if it can. */
  order: z.array(z.string().min(1)).default([]),
  /** Media that the BMC holds at one time over all its slots: 1 where an insert refuses or evicts what another slot holds. */
  maxConcurrent: z.int().min(1).optional(),
  /** Slots of a service whose collection lists no members, or that has none: tried in order, those that answer are used. */
  guess: z
    .array(
      z.strictObject({
        /** `{manager}/VirtualMedia/CD1`; the resource also tells the slot's state. */
        path: z.string().regex(/^(\/|\{(system|manager)\})/, { error: "must begin with / or {system}, {manager}" }),
        /** Default: the resource's own Id. */
        id: z.string().min(1).optional(),
      }),
    )
    .default([]),
  /** A second collection that shows the same devices: what it says is inserted counts as well. */
  views: z
    .strictObject({
      where: places,
      /** Its Ids by ours; those not named are the same in both. */
      ids: z.record(z.string().min(1), z.string().min(1)).default({}),
    })
    .optional(),
  /** Statuses with which a slot says that it is none for us: on its own GET it is left out, on an insert the next one is tried. */
  skipOnStatus: z.array(z.int().min(400).max(599)).default([400, 404, 405]),
  /** What to tell a person where there is no slot at all: the switch, the licence, the host's power. */
  noneHint: z.string().min(1).optional(),
});

export const empty = z.strictObject({
  /** A slot is empty when any of these holds. */
  any: z
    .array(predicate)
    .min(1)
    .default([
      { Inserted: [false] },
      { Inserted: [null, "absent"], Image: [null, "", "None", "absent"] },
      { Inserted: [null, "absent"], ConnectedVia: ["NotConnected"] },
    ]),
});
