// Makes X.509 v3 certificates (RFC 5280) of ECDSA P-256 keys: a CA of our own, and leaves under it.
// The metadata polyfill must be loaded before the library, whose container asks for it.
import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { isIP } from "node:net";

export interface CertificateRequest {
  /** Common name. */
  readonly subject: string;
  readonly issuer: string;
  readonly key: KeyObject;
  readonly issuerKey: KeyObject;
  /** Epoch milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** A CA certificate without names below it, or a server's with the names and addresses it stands for. */
  readonly use: "ca" | { readonly names: readonly string[] };
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export const generateKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: algorithm.namedCurve }).privateKey;

/** The library computes identifiers and signatures through the web's interface, which wants the halves of a pair apart. */
const halves = async (key: KeyObject) => {
  const { d: _secret, ...point } = key.export({ format: "jwk" });
  return {
    privateKey: key.toCryptoKey(algorithm, true, ["sign"]),
    publicKey: await crypto.subtle.importKey("jwk", { ...point, key_ops: ["verify"] }, algorithm, true, ["verify"]),
  };
};

const usesOf = (use: CertificateRequest["use"]): readonly Extension[] =>
  use === "ca"
    ? [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ]
    : [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(
          use.names.map((value) => ({ type: isIP(value) ? "ip" : "dns", value }) as const),
        ),
      ];

/** PEM. */
export const issueCertificate = async (request: CertificateRequest): Promise<string> => {
  const [own, issuer] = await Promise.all([halves(request.key), halves(request.issuerKey)]);
  const serial = randomBytes(16);
  serial[0] = (serial[0] ?? 0) & 0x7f;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial.toString("hex"),
    subject: [{ CN: [request.subject] }],
    issuer: [{ CN: [request.issuer] }],
    notBefore: new Date(request.notBefore),
    notAfter: new Date(request.notAfter),
    publicKey: own.publicKey,
    signingKey: issuer.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      ...usesOf(request.use),
      await SubjectKeyIdentifierExtension.create(own.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return `${certificate.toString("pem")}\n`;
};
