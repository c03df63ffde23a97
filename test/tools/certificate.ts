// A self-signed certificate for a test server on the loopback: it is its own CA.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** PEM, of ECDSA P-256, for the given IP addresses; valid for two days. */
export const makeCertificate = async (addresses: readonly string[]): Promise<{ cert: string; key: string }> => {
  const names = addresses.map((address) => `IP:${address}`).join(",");
  const keyOptions = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"];
  const nameOptions = ["-subj", "/CN=Mediabay test", "-addext", `subjectAltName=${names}`];
  const words = ["req", "-x509", "-days", "2", ...keyOptions, ...nameOptions, "-keyout", "-", "-out", "-"];
  const { stdout } = await promisify(execFile)("openssl", words);
  const [key, cert] = ["PRIVATE KEY", "CERTIFICATE"].map((label) => {
    const block = new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----\n`, "u").exec(stdout)?.[0];
    if (block === undefined) throw new Error(`openssl gave no ${label}`);
    return block;
  });
  return { cert: cert ?? "", key: key ?? "" };
};
