// Logins to Keystone: one for all who want it at the same time, and a token goes nowhere in plain text that was given out over TLS.
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { SwiftCredential } from "../../src/core/source-credentials.ts";
import { createKeystone, type Keystone } from "../../src/images/origins/keystone.ts";
import { createAddressPolicy } from "../../src/wire/address-policy.ts";
import { createOriginClient } from "../../src/wire/guarded/origin-client.ts";
import { makeCertificate } from "../tools/certificate.ts";
import { createHastyClock } from "../tools/hasty-clock.ts";
import { type Answer, type ImageOrigin, startImageOrigin, status } from "../tools/image-origin.ts";

const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

const keystoneAt = async (...script: [Answer, ...Answer[]]): Promise<ImageOrigin> => {
  const origin = await startImageOrigin(...script);
  opened.push(origin);
  return origin;
};

const clientWith = (ca: readonly string[] = []): Keystone =>
  createKeystone(
    createOriginClient({
      policy: createAddressPolicy({ allow: ["127.0.0.1"] }, () => []),
      timeouts: { connectMs: 5000, responseMs: 5000, idleMs: 5000 },
      ca,
    }),
    createHastyClock(),
  );

const tokenFor =
  (url: string, token = "token-1"): Answer =>
  (_request, response) => {
    const catalog = [{ type: "object-store", endpoints: [{ interface: "public", region_id: "R1", url }] }];
    response.writeHead(201, { "x-subject-token": token });
    response.end(JSON.stringify({ token: { expires_at: "2026-01-01T01:00:00Z", catalog } }));
  };

const credentialOf = (url: string): SwiftCredential => ({
  kind: "swift",
  authUrl: `${url}/v3`,
  login: { method: "applicationCredential", id: "1", secret: "hunter2" },
  interface: "public",
});

describe("a login under way", () => {
  const { signal } = new AbortController();

  it("is for all who want it meanwhile", async () => {
    const origin = await keystoneAt(tokenFor("http://store.test/v1"));
    const keystone = clientWith();
    const sessions = await Promise.all(
      Array.from({ length: 200 }, () => keystone.session(credentialOf(origin.url), signal)),
    );
    expect(new Set(sessions).size).toBe(1);
    expect(origin.asked.length).toBe(1);
  });

  it("goes on for the others when the one who began it gives up", async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const { promise: asked, resolve: tell } = Promise.withResolvers<void>();
    const origin = await keystoneAt((request, response) => {
      tell();
      void gate.then(() => tokenFor("http://store.test/v1")(request, response));
    });
    const keystone = clientWith();
    const first = new AbortController();
    const outcomes = Promise.allSettled([
      keystone.session(credentialOf(origin.url), first.signal),
      keystone.session(credentialOf(origin.url), signal),
    ]);
    await asked;
    first.abort(new Error("given up"));
    open();
    expect(await outcomes).toMatchObject([
      { status: "rejected", reason: { message: "given up" } },
      { status: "fulfilled", value: { token: "token-1" } },
    ]);
    expect(origin.asked.length).toBe(1);
  });

  it("ends when all give up, and the next one logs in anew", async () => {
    const origin = await keystoneAt(() => controller.abort(new Error("given up")), tokenFor("http://store.test/v1"));
    const controller = new AbortController();
    const keystone = clientWith();
    const credential = credentialOf(origin.url);
    await expect(keystone.session(credential, controller.signal)).rejects.toThrow("given up");
    expect(await keystone.session(credential, signal)).toMatchObject({ token: "token-1" });
  });

  it("fails for all who want it meanwhile, and is not kept", async () => {
    const origin = await keystoneAt(status(401), tokenFor("http://store.test/v1"));
    const keystone = clientWith();
    const credential = credentialOf(origin.url);
    const outcomes = await Promise.allSettled([
      keystone.session(credential, signal),
      keystone.session(credential, signal),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
    expect(await keystone.session(credential, signal)).toMatchObject({ token: "token-1" });
    expect(origin.asked.length).toBe(2);
  });
});

describe("a catalog that is given out over https", () => {
  const session = async (accountUrl: string, changes: Partial<SwiftCredential> = {}) => {
    const { key, cert } = await makeCertificate(["127.0.0.1"]);
    const server: Server = createServer({ key, cert }, (request, response) => tokenFor(accountUrl)(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    opened.push({
      close: () => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      },
    });
    const credential = credentialOf(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return clientWith([cert]).session({ ...credential, ...changes }, AbortSignal.timeout(10_000));
  };

  it("may not name a store in plain http: the token would be seen", async () => {
    await expect(session("HTTP://store.test/v1")).rejects.toMatchObject({
      code: "SOURCE_FORBIDDEN",
      message: expect.stringContaining("plain http"),
      hint: expect.stringContaining("tempUrlKey"),
    });
    expect(await session("https://store.test/v1")).toMatchObject({ accountUrl: "https://store.test/v1" });
  });

  it("may where a TempURL key keeps the token with us", async () => {
    expect(await session("http://store.test/v1", { tempUrlKey: "key" })).toMatchObject({
      accountUrl: "http://store.test/v1",
    });
  });
});
