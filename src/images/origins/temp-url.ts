// Swift's TempURL: one object by GET for a while, whoever asks, signed with a key of its account or container.
import { createHmac } from "node:crypto";

const lifetimeSeconds = 300;

/**
 * Signed with SHA-256: newer releases no longer take SHA-1. The signature is over the path as it is meant, not as it is encoded.
 * @param now milliseconds since the epoch
 */
export const signTempUrl = (url: URL, key: string, now: number): URL => {
  const expires = Math.floor(now / 1000) + lifetimeSeconds;
  const signed = `GET\n${expires}\n${decodeURIComponent(url.pathname)}`;
  const result = new URL(url);
  result.searchParams.set("temp_url_sig", createHmac("sha256", key).update(signed).digest("hex"));
  result.searchParams.set("temp_url_expires", String(expires));
  return result;
};
