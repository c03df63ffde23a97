// Config drive JSON: the image is made from it here, as ISO 9660. Its reference is the request as JSON text.
import { createHash } from "node:crypto";
import { buildDrive, buildDriveImage } from "../../configdrive/build.ts";
import { canonicalJson } from "../../configdrive/canonical-json.ts";
import { parseDriveRequest } from "../../configdrive/content.ts";
import type { DriveRequest } from "../../core/configdrive.ts";
import type { Json } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import { type SourceScheme, transferOf } from "./source.ts";

const parse = (reference: string): DriveRequest => {
  try {
    return parseDriveRequest(JSON.parse(reference) as Json);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // The parser's message repeats what it read.
    throw new MediabayError("INVALID_REQUEST", "A config drive is given as JSON.", { field: "source.configdrive" });
  }
};

/** What is no request has no key but itself, and is refused elsewhere. */
const canonicalText = (reference: string): string => {
  try {
    return canonicalJson(JSON.parse(reference) as Json);
  } catch (error) {
    if (error instanceof SyntaxError) return reference;
    throw error;
  }
};

export const createConfigdriveSource = (): SourceScheme => ({
  kind: "configdrive",
  schemes: [],
  check: (reference) => void buildDrive(parse(reference)),
  key: (reference) => `configdrive:${createHash("sha256").update(canonicalText(reference)).digest("hex")}`,
  open: (reference, context) => transferOf(() => buildDriveImage(parse(reference)), context),
});
