// Does a resource show what a profile says? Pure.
import type { Predicate } from "./quirks.ts";
import { isResource, type Resource } from "./schema.ts";

const valueAt = (resource: Resource, property: string): unknown =>
  property.split("/").reduce<unknown>((part, name) => (isResource(part) ? part[name] : undefined), resource);

/** A list shows what any of its items is. */
export const shows = (resource: Resource, predicate: Predicate): boolean =>
  Object.entries(predicate).every(([property, wanted]) => {
    const value = valueAt(resource, property);
    if (value === undefined) return wanted.includes("absent");
    const shown: readonly unknown[] = Array.isArray(value) ? value : [value];
    return wanted.some((each) => shown.includes(each));
  });
