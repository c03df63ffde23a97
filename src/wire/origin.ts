// The address of a BMC as people write it: `https://host[:port]`, `http://host[:port]`, or a bare host, which means https (RFC 3986).
import { isIPv6 } from "node:net";
import { MediabayError } from "../core/errors.ts";

export interface Origin {
  readonly secure: boolean;
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** `https://host:port`, brackets and non-default port included; no trailing slash. */
  readonly text: string;
}

const invalid = (address: string, why: string, cause?: unknown): MediabayError =>
  new MediabayError(
    "INVALID_REQUEST",
    `The address ${address} ${why}; write https://host, https://host:port or http://host.`,
    { field: "address" },
    { cause },
  );

const parse = (address: string): URL => {
  const bare = isIPv6(address) ? `[${address}]` : address;
  try {
    return new URL(bare.includes("://") ? bare : `https://${bare}`);
  } catch (error) {
    throw invalid(address, "is not a URL", error);
  }
};

/** @throws MediabayError INVALID_REQUEST when it is more or less than a scheme, a host and a port */
export const parseOrigin = (address: string): Origin => {
  const url = parse(address);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw invalid(address, "is neither https nor http");
  if (url.username !== "" || url.password !== "") throw invalid(address, "holds credentials");
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") throw invalid(address, "has a path");
  const secure = url.protocol === "https:";
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  return { secure, host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port, text: url.origin };
};
