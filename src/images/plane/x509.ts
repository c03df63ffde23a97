// Makes X.509 v3 certificates (RFC 5280) of ECDSA P-256 keys: a CA of our own, and leaves under it.
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import { parseAddress } from "../../wire/addresses.ts";
import { bits, explicit, implicit, integer, octets, oid, sequence, set, text, time, yes } from "./der.ts";

export interface CertificateRequest {
  /** Common name. */
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly issuerKey: KeyObject;
  readonly notBefore: number;
  readonly notAfter: number;
  /** A CA certificate without names below it, or a server's with the names and addresses it stands for. */
  readonly use: "ca" | { readonly names: readonly string[] };
}

export const generateKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

const ecdsaWithSha256 = sequence(oid("1.2.840.10045.4.3.2"));

const name = (commonName: string): Buffer => sequence(set(sequence(oid("2.5.4.3"), text(commonName))));

const extension = (id: string, value: Uint8Array, critical = false): Buffer =>
  sequence(oid(id), ...(critical ? [yes()] : []), octets(value));

const subjectPublicKeyInfo = (key: KeyObject): Buffer => createPublicKey(key).export({ type: "spki", format: "der" });

/** RFC 7093 §2 method 1. The SPKI of a P-256 key is of fixed form: its last 65 bytes are the point. */
const keyIdentifier = (key: KeyObject): Buffer =>
  createHash("sha256").update(subjectPublicKeyInfo(key).subarray(-65)).digest().subarray(0, 20);

const addressBytes = (address: string): Buffer => {
  const hexadecimal = (parseAddress(address) ?? 0n).toString(16).padStart(32, "0");
  return Buffer.from(isIP(address) === 4 ? hexadecimal.slice(-8) : hexadecimal, "hex");
};

const generalName = (host: string): Buffer =>
  isIP(host) ? implicit(7, addressBytes(host)) : implicit(2, Buffer.from(host, "latin1"));

const extensions = ({ use, publicKey, issuerKey }: CertificateRequest): readonly Buffer[] => [
  ...(use === "ca"
    ? [
        extension("2.5.29.19", sequence(yes(), integer(Buffer.of(0))), true),
        // keyCertSign and cRLSign.
        extension("2.5.29.15", bits(Buffer.of(0x06), 1), true),
      ]
    : [
        extension("2.5.29.19", sequence(), true),
        // digitalSignature.
        extension("2.5.29.15", bits(Buffer.of(0x80), 7), true),
        // serverAuth.
        extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.1"))),
        extension("2.5.29.17", sequence(...use.names.map(generalName))),
      ]),
  extension("2.5.29.14", octets(keyIdentifier(publicKey))),
  extension("2.5.29.35", sequence(implicit(0, keyIdentifier(issuerKey)))),
];

const toPem = (certificate: Buffer): string => {
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
};

/** PEM. */
export const issueCertificate = (request: CertificateRequest): string => {
  const serial = randomBytes(16);
  serial[0] = (serial[0] ?? 0) & 0x7f;
  const toBeSigned = sequence(
    explicit(0, integer(Buffer.of(2))),
    integer(serial),
    ecdsaWithSha256,
    name(request.issuer),
    sequence(time(request.notBefore), time(request.notAfter)),
    name(request.subject),
    subjectPublicKeyInfo(request.publicKey),
    explicit(3, sequence(...extensions(request))),
  );
  return toPem(sequence(toBeSigned, ecdsaWithSha256, bits(sign("sha256", toBeSigned, request.issuerKey))));
};
