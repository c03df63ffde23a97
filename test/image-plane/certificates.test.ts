// Our own CA and leaf, the operator's certificate, and the https listener with them.
import { X509Certificate } from "node:crypto";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  exportedCa,
  generatedCertificate,
  localAddresses,
  operatorCertificate,
} from "../../src/images/certificates.ts";
import { makeCertificate } from "../tools/certificate.ts";
import { createTestImages, patternBytes, rawClient, rawRequest, startTestPlane } from "../tools/image-plane.ts";

const dayMs = 86_400_000;
const now = Date.now();
const names = ["127.0.0.1", "::1", "images.example", "2001:db8::a:1"];
let directory: string;

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), "mediabay-tls-")), "tls");
});

afterEach(() => rm(join(directory, ".."), { recursive: true, force: true }));

const generate = (at = now, forNames: readonly string[] = names) =>
  generatedCertificate({ directory, names: forNames, now: at });
const modeOf = async (name: string): Promise<number> => (await stat(join(directory, name))).mode & 0o777;

describe("a generated certificate", () => {
  it("is a P-256 leaf for our names under a CA of our own, as OpenSSL sees it", async () => {
    const { cert, ca } = await generate();
    await writeFile(join(directory, "chain.pem"), cert);
    const check = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", join(directory, "ca.crt")];
    const { stdout } = await promisify(execFile)("openssl", [...check, join(directory, "chain.pem")]);
    expect(stdout).toContain("OK");
    const [leaf, root] = [new X509Certificate(cert), new X509Certificate(ca ?? "")];
    expect([leaf.ca, root.ca, leaf.checkIssued(root)]).toEqual([false, true, true]);
    expect(leaf.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
    expect(names.map((name) => (isIP(name) ? leaf.checkIP(name) : leaf.checkHost(name)))).toEqual(names);
    expect([leaf.checkIP("127.0.0.2"), leaf.checkHost("other.example")]).toEqual([undefined, undefined]);
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  });

  it("keeps its keys to its owner", async () => {
    await generate();
    expect([await modeOf("ca.key"), await modeOf("leaf.key")]).toEqual([0o600, 0o600]);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it("is kept as long as it is good, and its CA can be exported", async () => {
    expect(await exportedCa(directory)).toBeUndefined();
    const first = await generate();
    expect(await generate(now + 300 * dayMs, ["127.0.0.1"])).toEqual(first);
    expect(await exportedCa(directory)).toBe(first.ca);
  });

  it.each([
    ["it nears its end", now + 340 * dayMs, names],
    ["an address came", now, [...names, "192.0.2.1"]],
  ])("is renewed when %s, under the same CA", async (_why, at, forNames) => {
    const first = await generate();
    const second = await generate(at, forNames);
    expect(second.ca).toBe(first.ca);
    expect(second.cert).not.toBe(first.cert);
    expect(new X509Certificate(second.cert).verify(new X509Certificate(first.ca ?? "").publicKey)).toBe(true);
  });

  it("gets a new CA when the old one ends, or its key is lost or torn", async () => {
    const first = await generate();
    expect((await generate(now + 3630 * dayMs)).ca).not.toBe(first.ca);
    const second = await generate();
    await rm(join(directory, "ca.key"));
    const third = await generate();
    expect(third.ca).not.toBe(second.ca);
    expect(new X509Certificate(third.cert).verify(new X509Certificate(third.ca ?? "").publicKey)).toBe(true);
    await writeFile(join(directory, "ca.key"), (await readFile(join(directory, "ca.key"), "utf8")).slice(0, 60));
    expect((await generate()).ca).not.toBe(third.ca);
  });

  it("stands for every address of this machine", async () => {
    const addresses = localAddresses();
    expect(addresses).toContain("127.0.0.1");
    const leaf = new X509Certificate((await generate(now, addresses)).cert);
    expect(addresses.every((address) => leaf.checkIP(address) !== undefined)).toBe(true);
  });
});

describe("the operator's certificate", () => {
  it("is taken as it is when it fits its key, and refused with the setting's name when not", async () => {
    await generate();
    const [one, two] = [await makeCertificate(["127.0.0.1"]), await makeCertificate(["127.0.0.1"])];
    const [cert, key, other] = ["a.crt", "a.key", "b.key"].map((name) => join(directory, name));
    await Promise.all([
      writeFile(cert ?? "", one.cert),
      writeFile(key ?? "", one.key),
      writeFile(other ?? "", two.key),
    ]);
    expect(await operatorCertificate(cert ?? "", key ?? "")).toEqual(one);
    await expect(operatorCertificate(cert ?? "", other ?? "")).rejects.toMatchObject({ code: "SETTINGS_INVALID" });
    await expect(operatorCertificate("/etc/passwd", key ?? "")).rejects.toMatchObject({
      code: "SETTINGS_INVALID",
      message: "imagePlane.https.cert names /etc/passwd, which holds no certificate in PEM.",
    });
    await expect(operatorCertificate(cert ?? "", "/etc/passwd", "control.tls")).rejects.toMatchObject({
      code: "SETTINGS_INVALID",
      context: { field: "control.tls.key" },
    });
    await expect(operatorCertificate("/nowhere.crt", key ?? "")).rejects.toMatchObject({
      code: "SETTINGS_INVALID",
      context: { field: "imagePlane.https.cert" },
    });
  });
});

describe("the https listener", () => {
  const withPlane = async (
    level: "modern" | "legacy",
    work: (
      running: Awaited<ReturnType<typeof startTestPlane>>,
      path: string,
      ca: string,
      bytes: Buffer,
    ) => Promise<void>,
  ): Promise<void> => {
    const images = await createTestImages();
    const { cert, key, ca = "" } = await generate();
    const running = await startTestPlane({ images, https: { host: "127.0.0.1", port: 0, cert, key, level } });
    const bytes = patternBytes(500_000);
    try {
      const { url } = await running.publish(await images.add(bytes));
      expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/m\//);
      await work(running, new URL(url).pathname, ca, bytes);
    } finally {
      await running.close();
      await images.close();
    }
  };
  const handshake = (port: number, options: object): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connectTls({ port, host: "127.0.0.1", ...options }, () => {
        resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
        socket.destroy();
      });
      socket.once("error", reject);
    });

  it("serves ranges and whole images to who trusts our CA, and forgets closed connections", () =>
    withPlane("modern", async ({ port, plane }, path, ca, bytes) => {
      const answer = await rawRequest(port, `GET ${path} HTTP/1.1\r\nRange: bytes=10-99999`, ca);
      expect([answer.status, answer.body.equals(bytes.subarray(10, 100_000))]).toEqual([206, true]);
      const client = await rawClient(port, { ca });
      for (let round = 0; round < 3; round += 1) {
        client.write(`GET ${path} HTTP/1.1\r\n\r\n`);
        expect((await client.answer()).body.equals(bytes)).toBe(true);
      }
      client.close();
      await expect.poll(() => plane.activeConnections).toBe(0);
    }));

  it("speaks what hardened firmware insists on", () =>
    withPlane("modern", async ({ port }, _path, ca) => {
      const ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
      expect(await handshake(port, { ca, ciphers, maxVersion: "TLSv1.2" })).toBe(`TLSv1.2 ${ciphers}`);
      expect(await handshake(port, { ca, minVersion: "TLSv1.3" })).toContain("TLSv1.3");
    }));

  it("speaks TLS 1.0 and 1.1 only at level legacy", async () => {
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1", ciphers: "DEFAULT:@SECLEVEL=0" };
    await withPlane("modern", ({ port }, _path, ca) =>
      expect(handshake(port, { ca, ...old })).rejects.toThrow(/alert/),
    );
    await withPlane("legacy", async ({ port }, _path, ca) =>
      expect(await handshake(port, { ca, ...old })).toMatch(/^TLSv1 /),
    );
  });

  it("answers plain http on its port by closing, and goes on", () =>
    withPlane("modern", async ({ port }, path, ca) => {
      const client = await rawClient(port);
      client.write(`GET ${path} HTTP/1.1\r\n\r\n`);
      await client.rest();
      client.close();
      expect((await rawRequest(port, `HEAD ${path} HTTP/1.1`, ca)).status).toBe(200);
    }));
});
