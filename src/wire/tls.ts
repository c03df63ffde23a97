// How far a BMC's certificate is trusted and how old its TLS may be (TlsPolicy of core), as options and a check for node:tls.
import { constants } from "node:crypto";
import { isIP } from "node:net";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import type { TlsPolicy } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";

/**
 * A SHA-256 fingerprint as 64 lower-case hexadecimal digits.
 * @throws MediabayError INVALID_REQUEST when it is something else
 */
const normalFingerprint = (text: string | undefined): string => {
  const digits = (text ?? "").replaceAll(/[:\s]/g, "").toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  throw new MediabayError(
    "INVALID_REQUEST",
    "A pinned certificate needs its SHA-256 fingerprint: 64 hexadecimal digits.",
    {
      field: "tls.fingerprint",
    },
  );
};

// OpenSSL 3 refuses TLS 1.0/1.1, RSA-1024 with SHA-1, and old renegotiation unless told otherwise; BMCs of that age know nothing else.
const levels: Readonly<Record<TlsPolicy["level"], ConnectionOptions>> = {
  modern: { minVersion: "TLSv1.2" },
  legacy: {
    minVersion: "TLSv1",
    ciphers: "DEFAULT:@SECLEVEL=0",
    secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT,
  },
};

/** @throws MediabayError INVALID_REQUEST for a pin without a usable fingerprint */
export const tlsOptions = (policy: TlsPolicy, host: string): ConnectionOptions => {
  if (policy.mode === "pinned") normalFingerprint(policy.fingerprint);
  return {
    ...levels[policy.level],
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: policy.mode === "verify",
    ...(policy.mode === "verify" && policy.ca !== undefined ? { ca: policy.ca } : {}),
  };
};

/** Undefined when the certificate shown is acceptable, else the reason in words. `verify` was already judged by the handshake. */
export const distrust = (socket: TLSSocket, policy: TlsPolicy): string | undefined => {
  if (policy.mode !== "pinned") return undefined;
  const wanted = normalFingerprint(policy.fingerprint);
  const shown = socket.getPeerX509Certificate()?.fingerprint256;
  if (shown === undefined) return "the BMC showed no certificate";
  const got = normalFingerprint(shown);
  return got === wanted ? undefined : `the certificate's SHA-256 is ${got}, not the pinned ${wanted}`;
};
