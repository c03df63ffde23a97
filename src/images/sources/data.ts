// `data:` URIs (RFC 2397): the bytes are in the URI itself, as base64 or percent-encoded. The media type says nothing that the bytes do not.
import { createHash } from "node:crypto";
import { MediabayError } from "../../core/errors.ts";
import { type SourceScheme, transferOf } from "./source.ts";

/** Without the data: what it holds is its sender's secret. */
const invalid = (why: string): MediabayError =>
  new MediabayError("INVALID_REQUEST", `The data: URI is malformed: ${why}.`, { field: "source.uri" });

interface DataUri {
  readonly isBase64: boolean;
  /** Still encoded. */
  readonly data: string;
}

const parse = (uri: string): DataUri => {
  const comma = uri.indexOf(",");
  if (!/^data:/i.test(uri) || comma < 0) throw invalid("it is data:[MEDIA TYPE][;base64],DATA");
  const data = uri.slice(comma + 1);
  if (data === "") throw invalid("it is empty");
  // White space, quotes and a fragment's # are no part of a URI (RFC 3986 §2).
  if (!/^[!$%&'()*+,\-./0-9:;=?@A-Z_a-z~]*$/.test(data))
    throw invalid("it has a character that must be percent-encoded");
  if (/%(?![0-9a-f]{2})/i.test(data)) throw invalid("a % is not followed by two hexadecimal digits");
  return { isBase64: /;\s*base64$/i.test(uri.slice(0, comma)), data };
};

const percent = 0x25;
/** Of a hexadecimal digit in ASCII: letters have the value 1 to 6 in their low bits. */
const nibble = (code: number): number => (code & 15) + (code > 0x39 ? 9 : 0);

/** Of text that `parse` has found well-formed, and so ASCII. */
const octetsOf = (text: string): Buffer => {
  if (!text.includes("%")) return Buffer.from(text, "latin1");
  const octets = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const encoded = code === percent;
    octets[length] = encoded ? nibble(text.charCodeAt(at + 1)) * 16 + nibble(text.charCodeAt(at + 2)) : code;
    if (encoded) at += 2;
    length += 1;
  }
  return octets.subarray(0, length);
};

const bytesOf = (uri: string): Buffer => {
  const { isBase64, data } = parse(uri);
  const octets = octetsOf(data);
  if (!isBase64) return octets;
  const base64 = octets.toString("latin1");
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64))
    throw invalid("its base64 text has foreign characters or lacks its padding");
  return Buffer.from(base64, "base64");
};

export const createDataSource = (): SourceScheme => ({
  kind: "uri",
  schemes: ["data"],
  check: (uri) => void bytesOf(uri),
  key: (uri) => `data:${createHash("sha256").update(uri).digest("hex")}`,
  open: (uri, context) => transferOf(() => bytesOf(uri), context),
});
