// The certificate of the image plane's https listener: the operator's, or one of a CA of our own that is kept in the state
// directory and can be exported to BMCs. The leaf is renewed at start when it nears its end or our addresses changed.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { chmod, mkdir, open, readFile, rename } from "node:fs/promises";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { MediabayError } from "../core/errors.ts";

export interface Certificate {
  /** PEM: the leaf first. */
  readonly cert: string;
  readonly key: string;
  /** PEM of our own CA, for BMCs to trust. Absent with the operator's certificate. */
  readonly ca?: string;
}

export interface GeneratedCertificateOptions {
  /** Where CA and leaf are kept; made with mode 0700 when missing. */
  readonly directory: string;
  /** IP addresses and DNS names that the leaf must stand for. */
  readonly names: readonly string[];
  /** Epoch milliseconds. */
  readonly now: number;
}

const dayMs = 86_400_000;
const caName = "Mediabay image plane CA";
const caDays = 3650;
const leafDays = 365;
const renewWithinDays = 30;
/** BMC clocks are often behind. */
const backdatedDays = 2;

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";

const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new MediabayError(
      "STORE_UNAVAILABLE",
      "A certificate file cannot be read.",
      { file: path },
      { cause: error },
    );
  }
};

/** Whole or not at all, also when the machine stops meanwhile. */
const writeAtomically = async (path: string, content: string, mode: number): Promise<void> => {
  const temporary = `${path}.new`;
  const file = await open(temporary, "w", mode);
  try {
    await file.chmod(mode);
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
};

interface Pair {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

const parsePair = (cert: string, key: string): Pair | undefined => {
  try {
    const pair = { certificate: new X509Certificate(cert), key: createPrivateKey(key) };
    return pair.certificate.checkPrivateKey(pair.key) ? pair : undefined;
  } catch (error) {
    // What cannot be parsed (a torn copy, a passphrase) is no pair: ours is made anew, the operator's is refused.
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
};

const readPair = async (certPath: string, keyPath: string): Promise<Pair | undefined> => {
  const [cert, key] = await Promise.all([readIfThere(certPath), readIfThere(keyPath)]);
  return cert === undefined || key === undefined ? undefined : parsePair(cert, key);
};

const toPem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();

const validity = (now: number, days: number) => ({
  notBefore: now - backdatedDays * dayMs,
  notAfter: now + days * dayMs,
});

const endsLaterThan = ({ certificate }: Pair, at: number): boolean => certificate.validToDate.getTime() > at;

/** Loaded only where a certificate has to be made. */
const issuing = () => import("./plane/x509.ts");

const makeCa = async (directory: string, now: number): Promise<Pair> => {
  const { generateKey, issueCertificate } = await issuing();
  const key = generateKey();
  const cert = await issueCertificate({
    subject: caName,
    issuer: caName,
    key,
    issuerKey: key,
    use: "ca",
    ...validity(now, caDays),
  });
  await writeAtomically(join(directory, "ca.key"), toPem(key), 0o600);
  await writeAtomically(join(directory, "ca.crt"), cert, 0o644);
  return { certificate: new X509Certificate(cert), key };
};

const makeLeaf = async (directory: string, names: readonly string[], now: number, ca: Pair): Promise<Pair> => {
  const { generateKey, issueCertificate } = await issuing();
  const key = generateKey();
  const notAfter = Math.min(now + leafDays * dayMs, ca.certificate.validToDate.getTime());
  const cert = await issueCertificate({
    subject: "Mediabay image plane",
    issuer: caName,
    key,
    issuerKey: ca.key,
    use: { names },
    ...validity(now, leafDays),
    notAfter,
  });
  await writeAtomically(join(directory, "leaf.key"), toPem(key), 0o600);
  await writeAtomically(join(directory, "leaf.crt"), cert, 0o644);
  return { certificate: new X509Certificate(cert), key };
};

const standsFor = ({ certificate }: Pair, names: readonly string[]): boolean =>
  names.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined);

/**
 * CA and leaf from `directory`, made or renewed where needed. The CA lasts ten years and is kept as long as it can be, since
 * BMCs must be taught a new one.
 * @throws MediabayError STORE_UNAVAILABLE
 */
export const generatedCertificate = async (options: GeneratedCertificateOptions): Promise<Certificate> => {
  const { directory, now } = options;
  const names = [...new Set(options.names)].toSorted();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const storedCa = await readPair(join(directory, "ca.crt"), join(directory, "ca.key"));
  const ca =
    storedCa && endsLaterThan(storedCa, now + renewWithinDays * dayMs) ? storedCa : await makeCa(directory, now);
  await chmod(join(directory, "ca.key"), 0o600);
  const stored = await readPair(join(directory, "leaf.crt"), join(directory, "leaf.key"));
  const fresh =
    stored !== undefined &&
    stored.certificate.verify(ca.certificate.publicKey) &&
    endsLaterThan(stored, now + renewWithinDays * dayMs) &&
    standsFor(stored, names);
  const leaf = fresh ? stored : await makeLeaf(directory, names, now, ca);
  return { cert: leaf.certificate.toString(), key: toPem(leaf.key), ca: ca.certificate.toString() };
};

/** The PEM of our CA, once one was generated. */
export const exportedCa = (directory: string): Promise<string | undefined> => readIfThere(join(directory, "ca.crt"));

/** The text of a PEM file, once `parse` could read it. @throws MediabayError SETTINGS_INVALID naming `field` */
const readPem = async (
  file: string,
  field: string,
  what: string,
  parse: (text: string) => unknown,
): Promise<string> => {
  const refuse = (why: string, cause: unknown): MediabayError =>
    new MediabayError("SETTINGS_INVALID", `${field} names ${file}, which ${why}.`, { field }, { cause });
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw refuse(isMissing(cause) ? "does not exist" : "cannot be read", cause);
  });
  try {
    parse(text);
    return text;
  } catch (cause) {
    throw refuse(`holds no ${what} in PEM`, cause);
  }
};

/**
 * The files that the settings `<section>.cert` and `<section>.key` name.
 * @throws MediabayError SETTINGS_INVALID when a file is missing or no PEM, or the key does not fit the certificate
 */
export const operatorCertificate = async (
  certFile: string,
  keyFile: string,
  section: "control.tls" | "imagePlane.https" = "imagePlane.https",
): Promise<Certificate> => {
  const cert = await readPem(certFile, `${section}.cert`, "certificate", (text) => new X509Certificate(text));
  const key = await readPem(keyFile, `${section}.key`, "unencrypted private key", createPrivateKey);
  if (!parsePair(cert, key)) {
    const field = `${section}.key`;
    const message = `${field} names ${keyFile}, which does not belong to the certificate in ${certFile}.`;
    throw new MediabayError("SETTINGS_INVALID", message, { field });
  }
  return { cert, key };
};

/** Every address of this machine that a BMC could use, loopback included, link-local IPv6 left out. */
export const localAddresses = (): readonly string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address)
    .filter((address) => !address.startsWith("fe80:"));
