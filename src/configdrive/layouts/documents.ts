// The parts of a config drive as the bytes that every layout writes.
import type { DriveContent } from "../../core/configdrive.ts";
import type { Json } from "../../core/driver.ts";
import { canonicalJson, isList } from "../canonical-json.ts";
import type { TreeEntry } from "../tree.ts";

export const jsonBytes = (value: Json): Buffer => Buffer.from(canonicalJson(value), "utf8");

export const file = (path: string, bytes: Buffer): TreeEntry => ({ kind: "file", path, bytes });

/** An empty network_data.json would tell cloud-init to configure no network at all, so what is empty gets no file, as with Ironic. */
export const isGiven = (value: Json | undefined): value is Json =>
  value !== undefined &&
  value !== null &&
  value !== "" &&
  (typeof value !== "object" || (isList(value) ? value.length : Object.keys(value).length) > 0);

/** Text as it is, everything else as JSON; undefined when there is none. */
export const userDataBytes = ({ user_data: value }: DriveContent): Buffer | undefined => {
  if (!isGiven(value)) return undefined;
  return typeof value === "string" ? Buffer.from(value, "utf8") : jsonBytes(value);
};
