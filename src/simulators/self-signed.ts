// A self-signed certificate for a simulator on https, made of DER by hand (RFC 5280; ECDSA P-256): Node can read certificates, not make them.
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";
import type { TlsOptions } from "./web-server.ts";

export interface SelfSignedOptions {
  /** IP addresses and DNS names; the loopback when absent. */
  readonly names?: readonly string[];
  /** Its validity ended yesterday. */
  readonly expired?: boolean;
}

const dayMs = 86_400_000;

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  const size = content.byteLength;
  if (size < 128) return Buffer.concat([Buffer.of(tag, size), content]);
  if (size < 256) return Buffer.concat([Buffer.of(tag, 0x81, size), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, size >> 8, size & 255), content]);
};

const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);
const oid = (hex: string): Buffer => tlv(0x06, Buffer.from(hex, "hex"));
/** 20260101000000Z */
const time = (at: number): Buffer => {
  const text = new Date(at).toISOString().replaceAll(/[-:T]|\.\d+/gu, "");
  return tlv(0x18, Buffer.from(text));
};

const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));
const commonName = (text: string): Buffer => sequence(tlv(0x31, sequence(oid("550403"), tlv(0x0c, Buffer.from(text)))));

const ipBytes = (address: string): Buffer => {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const groups = (text: string): readonly string[] => (text === "" ? [] : text.split(":"));
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail ?? "").length }, () => "0");
  const all = tail === undefined ? groups(head) : [...groups(head), ...zeros, ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
};

const isAddress = (name: string): boolean => isIPv4(name) || name.includes(":");

/** subjectAltName and basicConstraints: the certificate is its own CA. */
const extensions = (names: readonly string[]): Buffer => {
  const listed = names.map((name) => (isAddress(name) ? tlv(0x87, ipBytes(name)) : tlv(0x82, Buffer.from(name))));
  const alternative = sequence(oid("551d11"), tlv(0x04, sequence(...listed)));
  const constraints = sequence(
    oid("551d13"),
    tlv(0x01, Buffer.of(255)),
    tlv(0x04, sequence(tlv(0x01, Buffer.of(255)))),
  );
  return tlv(0xa3, sequence(alternative, constraints));
};

const pem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replaceAll(/.{64}/gu, "$&\n").trimEnd()}\n-----END CERTIFICATE-----\n`;

/** For so many days around now; a new key at each call. */
export const selfSigned = ({
  names = ["127.0.0.1", "::1", "localhost"],
  expired = false,
}: SelfSignedOptions = {}): TlsOptions => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const end = Date.now() + (expired ? -1 : 30) * dayMs;
  const name = commonName("Simulated BMC");
  const serial = tlv(0x02, Buffer.concat([Buffer.of(1), randomBytes(12)]));
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.of(2))),
    serial,
    ecdsaWithSha256,
    name,
    sequence(time(Date.now() - 2 * dayMs), time(end)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    extensions(names),
  );
  const signature = tlv(0x03, Buffer.of(0), sign("sha256", body, privateKey));
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: pem(sequence(body, ecdsaWithSha256, signature)),
  };
};
