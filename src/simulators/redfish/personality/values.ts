// Pieces that several groups of switches share: scalars, reply styles, conditions on resources.
import { z } from "zod";

export const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** How a request is answered: at once, or by a task that is found in the Location header, in the body, or nowhere. */
export const reply = z.enum(["no-content", "message", "task", "task-in-body", "task-without-address"]);

/** A place in a resource: `property` is a JSON Pointer (RFC 6901), `/Oem/Acme/RemoteMedia`. */
export const place = {
  at: z.string().startsWith("/redfish"),
  property: z.string().startsWith("/"),
};

/** Holds when the property, as a GET would show it now, is one of `in` (absent counts as null); or when a slot is full or not. */
export const condition = z.union([
  z.strictObject({ ...place, in: z.array(z.json()) }),
  /** `slot` is a URI. */
  z.strictObject({ slot: z.string().startsWith("/redfish"), inserted: z.boolean() }),
]);

/** Sets a property of the tree: to `value`, or to a body's parameter `from`, or to what group 1 of `pattern` finds in it. */
export const setting = z.strictObject({
  ...place,
  value: z.json().optional(),
  from: z.string().optional(),
  /** When it finds nothing the property stays as it was. */
  pattern: z.string().optional(),
});

export type ResourceCondition = z.output<typeof condition>;
export type Setting = z.output<typeof setting>;
