import { X509Certificate } from "node:crypto";
import type { TlsOptions } from "node:tls";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TlsPolicy } from "../../src/core/driver.ts";
import { createHttpPool, type HttpPool } from "../../src/wire/pool.ts";
import { makeCertificate } from "../tools/certificate.ts";
import { answer, type RawServer, startRawServer } from "./raw-server.ts";

const open: { pool?: HttpPool; server?: RawServer } = {};
let certificate: { cert: string; key: string };
let otherName: { cert: string; key: string };

beforeAll(async () => {
  certificate = await makeCertificate(["127.0.0.1"]);
  otherName = await makeCertificate(["192.0.2.1"]);
});

afterEach(async () => {
  open.pool?.close();
  await open.server?.close();
});

const secret = { method: "GET", path: "/", headers: { authorization: "Basic c2VjcmV0OnNlY3JldA==" } } as const;

/** The status, or our code. */
const ask = async (policy: TlsPolicy, options: TlsOptions = certificate): Promise<number | string> => {
  open.server = await startRawServer((_request, socket) => socket.write(answer(200)), options);
  open.pool = createHttpPool();
  const { client } = open.pool.lease({ address: open.server.url, tls: policy });
  return client.request(secret).then(
    ({ status }) => status,
    (error: { code: string }) => error.code,
  );
};

const print = (cert: string): string => new X509Certificate(cert).fingerprint256;

describe("verify", () => {
  test("accepts what its CA signed", async () => {
    expect(await ask({ mode: "verify", level: "modern", ca: certificate.cert })).toBe(200);
  });

  test("refuses an unknown certificate before any byte is written", async () => {
    expect(await ask({ mode: "verify", level: "modern" })).toBe("BMC_TLS");
    expect(open.server?.receivedBytes()).toBe(0);
  });

  test("refuses another's name before any byte is written", async () => {
    expect(await ask({ mode: "verify", level: "modern", ca: otherName.cert }, otherName)).toBe("BMC_TLS");
    expect(open.server?.receivedBytes()).toBe(0);
  });
});

describe("pinned", () => {
  test.each([
    ["with colons", (text: string) => text],
    ["without", (text: string) => text.replaceAll(":", "").toLowerCase()],
  ])("accepts its fingerprint %s, whatever the name", async (_name, form) => {
    const fingerprint = form(print(otherName.cert));
    expect(await ask({ mode: "pinned", level: "modern", fingerprint }, otherName)).toBe(200);
  });

  test("refuses another certificate before any byte is written, so no credential", async () => {
    expect(await ask({ mode: "pinned", level: "modern", fingerprint: print(otherName.cert) })).toBe("BMC_TLS");
    expect(open.server?.receivedBytes()).toBe(0);
    expect(open.server?.requests).toEqual([]);
  });

  test("checks each new connection again", async () => {
    const fingerprint = print(certificate.cert);
    expect(await ask({ mode: "pinned", level: "modern", fingerprint })).toBe(200);
    const port = open.server?.port ?? 0;
    await open.server?.close();
    expect(port).toBeGreaterThan(0);
    expect(await ask({ mode: "pinned", level: "modern", fingerprint }, otherName)).toBe("BMC_TLS");
  });

  test.each([undefined, "abc", "z".repeat(64)])("asks for a usable fingerprint, not %s", async (fingerprint) => {
    const policy = { mode: "pinned", level: "modern" } as const;
    const asked = ask(fingerprint === undefined ? policy : { ...policy, fingerprint });
    await expect(asked).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  });
});

test("insecure accepts any certificate", async () => {
  expect(await ask({ mode: "insecure", level: "modern" }, otherName)).toBe(200);
});

describe("level", () => {
  const old: TlsOptions = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT:@SECLEVEL=0" };

  test("modern refuses TLS 1.1", async () => {
    expect(await ask({ mode: "insecure", level: "modern" }, { ...certificate, ...old })).toBe("BMC_TLS");
  });

  test.each(["TLSv1", "TLSv1.1"] as const)("legacy takes %s", async (maxVersion) => {
    expect(await ask({ mode: "insecure", level: "legacy" }, { ...certificate, ...old, maxVersion })).toBe(200);
  });

  test("legacy still pins", async () => {
    const policy = { mode: "pinned", level: "legacy", fingerprint: print(otherName.cert) } as const;
    expect(await ask(policy, { ...certificate, ...old })).toBe("BMC_TLS");
  });
});

test("https to a plain HTTP port is BMC_TLS", async () => {
  open.server = await startRawServer((_request, socket) => socket.write(answer(200)));
  open.pool = createHttpPool();
  const { client } = open.pool.lease({
    address: `https://127.0.0.1:${open.server.port}`,
    tls: { mode: "insecure", level: "modern" },
  });
  const refused = client.request(secret);
  // The plain server waits for the end of a request that never comes; what it answers to a broken one is no TLS.
  setTimeout(() => void open.server?.close(), 30);
  await expect(refused).rejects.toMatchObject({ code: "BMC_TLS" });
});
