// JSON Pointer (RFC 6901) in resources: read a place, or make a copy that differs there.
import { isObject, type Json, type Resource } from "./tree.ts";

const tokens = (pointer: string): readonly string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));

/** The value there; undefined when there is none. */
export const valueAt = (resource: Json | undefined, pointer: string): Json | undefined => {
  let value = resource;
  for (const token of tokens(pointer)) {
    if (Array.isArray(value)) value = value[Number(token)];
    else value = isObject(value) ? value[token] : undefined;
  }
  return value;
};

const put = (base: Json | undefined, [token, ...rest]: readonly string[], value: Json): Json => {
  if (token === undefined) return value;
  if (Array.isArray(base)) return base.map((item, index) => (String(index) === token ? put(item, rest, value) : item));
  const object = isObject(base) ? base : {};
  return { ...object, [token]: put(object[token], rest, value) };
};

/** A copy with `value` there; objects on the way are made. */
export const withValue = (resource: Resource, pointer: string, value: Json): Resource => {
  const changed = put(resource, tokens(pointer), value);
  return isObject(changed) ? changed : resource;
};

/** Pointers of every value in `body` that is no object, such as `/Oem/Acme/Enabled`. */
export const leavesOf = (body: Resource, prefix = ""): readonly (readonly [pointer: string, value: Json])[] =>
  Object.entries(body).flatMap(([name, value]) => {
    const pointer = `${prefix}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    return isObject(value) && Object.keys(value).length > 0 ? leavesOf(value, pointer) : [[pointer, value] as const];
  });
