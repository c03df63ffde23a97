// Redfish resources as plain JSON: links (DSP0266 "Links"), and how to look into what a BMC sent.
import type { Json } from "../core/driver.ts";

export type JsonObject = { readonly [key: string]: Json };

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const objectAt = (value: Json | undefined, name: string): JsonObject => {
  const found = isObject(value) ? value[name] : undefined;
  return isObject(found) ? found : {};
};

export const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

export const textsOf = (value: Json | undefined): readonly string[] =>
  listOf(value).filter((item) => typeof item === "string");

/** One spelling a resource: without the slash at the end. */
export const plainUri = (uri: string): string => (uri.length > 1 ? uri.replace(/\/+$/u, "") : uri);

/** The path of a link object; one that leads elsewhere is none. */
export const linkOf = (value: Json | undefined): string | undefined => {
  const uri = isObject(value) ? value["@odata.id"] : undefined;
  return typeof uri === "string" && uri.startsWith("/") ? uri : undefined;
};

export const linksOf = (value: Json | undefined): readonly string[] =>
  listOf(value).flatMap((item) => linkOf(item) ?? []);

export interface NamedAction {
  readonly name: string;
  readonly target?: string;
  readonly body: JsonObject;
}

/** The actions anywhere in a resource: some services name OEM actions without the `#` in front. */
export const actionsIn = (resource: JsonObject): readonly NamedAction[] => {
  const found: NamedAction[] = [];
  const look = (value: Json): void => {
    if (Array.isArray(value)) value.forEach(look);
    if (!isObject(value)) return;
    for (const [name, body] of Object.entries(value)) {
      const { target } = isObject(body) ? body : {};
      if (isObject(body) && (name.startsWith("#") || typeof target === "string"))
        found.push({ name, body, ...(typeof target === "string" ? { target } : {}) });
      else look(body);
    }
  };
  look(resource);
  return found;
};
