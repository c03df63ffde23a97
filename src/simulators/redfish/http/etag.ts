// ETags and preconditions: DSP0266 clause "ETags", with the spellings and demands of products.
import { createHash } from "node:crypto";
import type { Personality } from "../personality/index.ts";
import type { Resource } from "../resources/tree.ts";
import { RedfishFailure } from "./failure.ts";

type HttpRules = Personality["http"];

const spelt = (digest: string, style: HttpRules["etag"]): string => {
  if (style === "weak") return `W/"${digest}"`;
  if (style === "unquoted") return digest;
  return style === "empty" ? "" : `"${digest}"`;
};

/** The ETag of a resource as it is now; undefined where the service has none. */
export const etagOf = (resource: Resource, http: HttpRules): string | undefined => {
  if (http.etag === "none") return undefined;
  const digest = createHash("sha256").update(JSON.stringify(resource)).digest("hex").slice(0, http.etagLength);
  return spelt(digest, http.etag);
};

/** The ETag as it stands in the header of a reply that is compressed. */
export const compressedEtag = (etag: string, style: HttpRules["gzip"]): string => {
  if (style === "etag-weakened" && !etag.startsWith("W/")) return `W/${etag}`;
  return style === "etag-suffixed" ? etag.replace(/"?$/u, (quote) => `-gzip${quote}`) : etag;
};

const expected = (etag: string, form: HttpRules["ifMatchForm"]): string => {
  if (form === "as-sent") return etag;
  const strong = etag.replace(/^W\//u, "");
  return form === "strong" ? strong : strong.replaceAll('"', "");
};

/** @throws RedfishFailure 400, 412 or 428 */
export const checkPrecondition = (
  given: string | undefined,
  etag: string | undefined,
  uri: string,
  http: HttpRules,
): void => {
  const demanded = http.ifMatch === "required" || http.ifMatchRequiredAt.some((at) => new RegExp(at, "u").test(uri));
  if (http.ifMatch === "ignored" && !demanded) return;
  if (given === undefined) {
    if (demanded) throw new RedfishFailure(428, "PreconditionRequired", { condition: "preconditionRequired" });
    return;
  }
  if (http.maxIfMatchBytes > 0 && Buffer.byteLength(given) > http.maxIfMatchBytes)
    throw new RedfishFailure(400, "PreconditionFailed", { condition: "etagTooLong" });
  const listed = given.split(",").map((item) => item.trim());
  const star = given === "*" && http.ifMatchStar === "accepted";
  const matches = star || (etag !== undefined && etag !== "" && listed.includes(expected(etag, http.ifMatchForm)));
  if (!matches) throw new RedfishFailure(412, "PreconditionFailed", { condition: "preconditionFailed" });
};
