// Against a real Swift with a real Keystone, and the same Swift's S3 interface.
import { createHash, randomBytes } from "node:crypto";
import { execFile } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { inspect, promisify } from "node:util";
import { AwsV4Signer } from "aws4fetch";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Clock } from "../../src/core/driver.ts";
import type { S3Credential, SourceCredential, SwiftCredential } from "../../src/core/source-credentials.ts";
import { createImages } from "../../src/images/images.ts";
import { signTempUrl } from "../../src/images/origins/temp-url.ts";
import { createSources } from "../../src/images/sources/registry.ts";
import { createS3Source } from "../../src/images/sources/s3.ts";
import { RestartTransfer, type SourceDeps, type Transfer, type Validator } from "../../src/images/sources/source.ts";
import { createSwiftSource } from "../../src/images/sources/swift.ts";
import { createImageStore } from "../../src/images/store.ts";
import { createAddressPolicy } from "../../src/wire/address-policy.ts";
import { sourceContract } from "../contract/source.ts";
import { createMemoryImageCatalog } from "../tools/memory-image-catalog.ts";
import { createMemoryImageKeys } from "../tools/memory-image-keys.ts";
import { lacksPeer } from "../tools/peers.ts";
import { startSwift, type Swift, swiftCommands } from "../tools/swift.ts";
import { startTcpProxy, type TcpProxy } from "../tools/tcp-proxy.ts";
import { tinyIso } from "../tools/tiny-images.ts";

/** The time of the day is the daemons' own; waiting takes none. */
const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (_ms, signal) => signal?.throwIfAborted(),
};

const allow = ["127.0.0.1"];
const timeouts = { connectMs: 5000, responseMs: 10_000, idleMs: 10_000 };
const deps: SourceDeps = {
  settings: { folders: [], timeouts },
  policy: createAddressPolicy({ allow }, () => []),
  clock,
};
const missing = lacksPeer(...swiftCommands, "swift");

/** Before Keystone: remembers the tokens that it gave. */
const startRelay = async (target: string) => {
  const tokens: string[] = [];
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = await fetch(`${target}${request.url ?? ""}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: await buffer(request),
    });
    const token = answer.headers.get("x-subject-token");
    if (token !== null) tokens.push(token);
    response.writeHead(answer.status, token === null ? {} : { "x-subject-token": token });
    response.end(Buffer.from(await answer.arrayBuffer()));
  };
  const server = createServer((request, response) => void pass(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<unknown> => new Promise((resolve) => server.close(resolve));
  return { authUrl: `http://127.0.0.1:${port}/v3`, tokens, close };
};

describe.skipIf(missing)("an object store", () => {
  const bytes = randomBytes(3 * 1024 ** 2);
  const large = randomBytes(20 * 1024 ** 2);
  const iso = tinyIso({ joliet: "config-2", content: Buffer.from("the config drive") });
  const tempUrlKey = "the-key-of-the-account";
  const container = "drives";
  const awkward = "nodes/a b/Łódź+100%/x?y#z;=&(!*').iso";
  let swift: Swift;
  let relay: Awaited<ReturnType<typeof startRelay>>;
  let swiftProxy: TcpProxy;
  let s3Proxy: TcpProxy;
  let password: SwiftCredential;
  let s3: S3Credential;
  const swiftSource = createSwiftSource(deps);

  const send = async (method: string, path: string, headers: Record<string, string> = {}, body?: Uint8Array) => {
    const answer = await fetch(`${swift.accountUrl}${path}`, {
      method,
      headers: { "x-auth-token": swift.token, ...headers },
      ...(body && { body: new Uint8Array(body) }),
    });
    const said = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${said}\n${swift.log()}`);
  };
  const sendS3 = async (path: string, body?: Uint8Array): Promise<void> => {
    const { endpoint, accessKeyId, secretAccessKey } = swift.s3;
    const signer = new AwsV4Signer({
      method: "PUT",
      url: `${endpoint}${path}`,
      accessKeyId,
      secretAccessKey,
      service: "s3",
      region: "us-east-1",
    });
    const { url, headers } = await signer.sign();
    const answer = await fetch(url, { method: "PUT", headers, ...(body && { body: new Uint8Array(body) }) });
    if (!answer.ok) throw new Error(`PUT ${path}: ${answer.status} ${await answer.text()}\n${swift.log()}`);
  };

  const storeLarge = async (): Promise<void> => {
    const half = large.byteLength / 2;
    const segments = [large.subarray(0, half), large.subarray(half)];
    for (const [index, segment] of segments.entries()) await send("PUT", `/segments/part-${index}`, {}, segment);
    const manifest = segments.map((segment, index) => ({
      path: `/segments/part-${index}`,
      etag: createHash("md5").update(segment).digest("hex"),
      size_bytes: segment.byteLength,
    }));
    await send("PUT", `/${container}/large?multipart-manifest=put`, {}, Buffer.from(JSON.stringify(manifest)));
    await send("PUT", `/${container}/dynamic`, { "x-object-manifest": "segments/part-" }, Buffer.alloc(0));
  };

  beforeAll(async () => {
    swift = await startSwift();
    relay = await startRelay(swift.authUrl.replace("/v3", ""));
    swiftProxy = await startTcpProxy({ target: { host: "127.0.0.1", port: swift.ports.proxy } });
    s3Proxy = await startTcpProxy({ target: { host: "127.0.0.1", port: swift.ports.s3 } });
    await swift.addEndpoint("Cut", `http://127.0.0.1:${swiftProxy.port}`);
    const domains = { userDomain: "Default", projectDomain: "Default" };
    password = {
      kind: "swift",
      authUrl: relay.authUrl,
      login: { method: "password", ...swift.admin, ...domains },
      region: "R1",
      interface: "public",
    };
    s3 = { kind: "s3", ...swift.s3, region: "us-east-1", style: "path" };
    await send("POST", "", { "x-account-meta-temp-url-key": tempUrlKey });
    for (const name of [container, "segments"]) await send("PUT", `/${name}`);
    await send("PUT", `/${container}/image`, {}, bytes);
    await send("PUT", `/${container}/drive.iso`, {}, iso);
    await send("PUT", `/${container}/${awkward.split("/").map(encodeURIComponent).join("/")}`, {}, bytes);
    await storeLarge();
    await sendS3(`/${container}`);
    await sendS3(`/${container}/image`, bytes);
    await sendS3(`/${container}/${awkward.split("/").map(encodeURIComponent).join("/")}`, bytes);
  }, 180_000);
  afterAll(async () => {
    for (const one of [relay, swiftProxy, s3Proxy]) await one?.close();
    await swift?.stop();
  });

  const open = (uri: string, credential?: SourceCredential, sources = createSources(deps)): Transfer => {
    const named = credential === undefined ? {} : { credential: "named" };
    const { scheme, reference } = sources.locate({ kind: "uri", uri, ...named });
    const signal = AbortSignal.timeout(20_000);
    const context = { signal, admit: () => undefined, onProgress: () => undefined };
    const transfer = scheme.open?.(reference, { ...context, ...(credential && { credential }) });
    if (transfer === undefined) throw new Error(`${uri} opens nothing`);
    return transfer;
  };
  const read = (...words: Parameters<typeof open>): Promise<Buffer> => buffer(open(...words).read());
  const refusalOf = (...words: Parameters<typeof open>): Promise<unknown> =>
    read(...words).then(
      () => "read",
      (error: unknown) => error,
    );
  const validatorOf = async (transfer: Transfer): Promise<Validator> => {
    await buffer(transfer.read());
    return transfer.validator?.() ?? { answeredBy: "nobody", condition: {} };
  };
  /** OpenStack's own client signs. */
  const tempUrl = async (key: string, expiresAt: number, object = `${container}/drive.iso`): Promise<string> => {
    const { origin, pathname } = new URL(swift.accountUrl);
    const words = [
      "tempurl",
      "--absolute",
      "--digest",
      "sha256",
      "GET",
      String(expiresAt),
      `${pathname}/${object}`,
      key,
    ];
    return new URL(origin + (await promisify(execFile)("/usr/bin/swift", words)).stdout.trim()).href;
  };
  const inAMinute = (): number => Math.floor(Date.now() / 1000) + 60;

  describe("Swift", () => {
    const refused = [
      ["swift://", "INVALID_REQUEST"],
      ["swift://drives", "INVALID_REQUEST"],
      ["swift://drives/x?temp_url_sig=hunter2", "INVALID_REQUEST"],
      ["swift://us:hunter2@drives/x", "INVALID_REQUEST"],
      ["swift://drives/%ff", "INVALID_REQUEST"],
      ["swift://drives/%2E%2e/secrets/x", "INVALID_REQUEST"],
      ["swift://a%2Fb/x", "INVALID_REQUEST"],
    ] as const;
    for (const [name, more] of [
      ["swift by token", {}],
      ["swift by TempURLs", { tempUrlKey }],
    ] as const)
      sourceContract(name, async () => ({
        scheme: swiftSource,
        credential: { ...password, ...more },
        reference: `swift://${container}/image`,
        bytes,
        refused,
        missing: [`swift://${container}/nothing`, "SOURCE_REFUSED"],
        secret: "hunter2",
        close: async () => undefined,
      }));

    interface Me {
      readonly user: { readonly id: string; readonly domain: { readonly id: string } };
      readonly project: { readonly id: string; readonly domain: { readonly id: string } };
    }

    const whoAmI = async (): Promise<Me> => {
      const { authUrl, token } = swift;
      const headers = { "x-auth-token": token, "x-subject-token": token };
      const answer = await fetch(`${authUrl}/auth/tokens`, { headers });
      return ((await answer.json()) as { token: Me }).token;
    };

    it("is entered with domains and the project by their ids, or in the Default domain", async () => {
      const { user, project } = await whoAmI();
      const login = { method: "password" as const, username: swift.admin.username, password: swift.admin.password };
      const named = { project: swift.admin.project };
      for (const where of [
        { userDomainId: user.domain.id, projectId: project.id },
        { userDomainId: user.domain.id, ...named, projectDomainId: project.domain.id },
        named,
      ])
        expect(
          (await read(`swift://${container}/image`, { ...password, login: { ...login, ...where } })).equals(bytes),
        ).toBe(true);
    });

    const applicationCredential = async (): Promise<{ id: string; name: string; secret: string }> => {
      const { authUrl, token } = swift;
      const answer = await fetch(`${authUrl}/users/${(await whoAmI()).user.id}/application_credentials`, {
        method: "POST",
        headers: { "x-auth-token": token, "content-type": "application/json" },
        body: JSON.stringify({ application_credential: { name: `drives-${randomBytes(4).toString("hex")}` } }),
      });
      const made = (await answer.json()) as { application_credential: { id: string; name: string; secret: string } };
      return made.application_credential;
    };

    it("is entered by an application credential, by its id and by its name", async () => {
      const { id, name, secret } = await applicationCredential();
      const method = "applicationCredential" as const;
      const byName = { method, name, username: swift.admin.username, userDomain: "Default", secret };
      const byDomainId = { method, name, username: swift.admin.username, userDomainId: "default", secret };
      for (const login of [{ method, id, secret }, byName, byDomainId])
        expect((await read(`swift://${container}/image`, { ...password, login })).equals(bytes)).toBe(true);
      const wrong = { method, id, secret: "hunter2" };
      const error = await refusalOf(`swift://${container}/image`, { ...password, login: wrong });
      expect(error).toMatchObject({
        code: "SOURCE_REFUSED",
        message: expect.stringMatching(/^Keystone at .* refused the login/),
      });
      expect(inspect(error, { depth: 12, showHidden: true })).not.toContain("hunter2");
    });

    it("is asked with one token until that is revoked, and then with a new one", async () => {
      const sources = createSources(deps);
      const before = relay.tokens.length;
      await read(`swift://${container}/image`, password, sources);
      await read(`swift://${container}/drive.iso`, password, sources);
      expect(relay.tokens.length).toBe(before + 1);
      const { authUrl, token } = swift;
      const headers = { "x-auth-token": token, "x-subject-token": relay.tokens.at(-1) ?? "" };
      expect((await fetch(`${authUrl}/auth/tokens`, { method: "DELETE", headers })).status).toBe(204);
      expect((await read(`swift://${container}/image`, password, sources)).equals(bytes)).toBe(true);
      expect(relay.tokens.length).toBe(before + 2);
    });

    it("gives an object of any name, with slashes, blanks and signs in it", async () => {
      const uri = `swift://${container}/${encodeURIComponent(awkward).replaceAll("%2F", "/")}`;
      for (const more of [{}, { tempUrlKey }])
        expect((await read(uri, { ...password, ...more })).equals(bytes)).toBe(true);
    });

    it("gives a large object of segments as one, static or dynamic", async () => {
      for (const name of ["large", "dynamic"])
        for (const more of [{}, { tempUrlKey }]) {
          const got = await read(`swift://${container}/${name}`, { ...password, ...more });
          expect([name, got.byteLength, got.equals(large)]).toEqual([name, large.byteLength, true]);
        }
    });

    it("is resumed where the network cut it, object and large object alike", async () => {
      for (const [name, expected] of [
        ["image", bytes],
        ["large", large],
      ] as const)
        for (const more of [{}, { tempUrlKey }]) {
          swiftProxy.setFault({ kind: "reset", afterBytes: 1024 ** 2, count: 1 });
          const before = swiftProxy.connections();
          const got = await read(`swift://${container}/${name}`, { ...password, region: "Cut", ...more });
          swiftProxy.clearFaults();
          expect(got.equals(expected)).toBe(true);
          // One transfer, never begun again, over two connections.
          expect(swiftProxy.connections() - before).toBe(2);
        }
    });

    it("is begun again, and gives no mixture, when the object changed while it was cut", async () => {
      const other = randomBytes(bytes.byteLength);
      await send("PUT", `/${container}/changing`, {}, bytes);
      swiftProxy.setFault({ kind: "reset", afterBytes: 1024 ** 2, count: 1 });
      const transfer = open(`swift://${container}/changing`, { ...password, region: "Cut" });
      const reading = transfer.read();
      await reading.next();
      await send("PUT", `/${container}/changing`, {}, other);
      const rest = async (): Promise<void> => {
        for await (const chunk of reading) expect(chunk.byteLength).toBeGreaterThan(0);
      };
      await expect(rest()).rejects.toBeInstanceOf(RestartTransfer);
      swiftProxy.clearFaults();
      expect((await buffer(transfer.read())).equals(other)).toBe(true);
    });

    it("says whether an object changed, whatever signature it is asked with", async () => {
      for (const name of ["image", "large"])
        for (const more of [{}, { tempUrlKey }]) {
          const credential = { ...password, ...more };
          const validator = await validatorOf(open(`swift://${container}/${name}`, credential));
          expect(await open(`swift://${container}/${name}`, credential).unchangedSince?.(validator)).toBe(true);
          const changed = open(`swift://${container}/drive.iso`, credential);
          expect(await changed.unchangedSince?.(validator)).toBe(false);
          changed.close?.();
        }
    });

    it("refuses a TempURL key that is not the account's, and says so", async () => {
      expect(await refusalOf(`swift://${container}/image`, { ...password, tempUrlKey: "hunter2" })).toMatchObject({
        code: "SOURCE_REFUSED",
        message: expect.stringContaining("the key of its signature is not the account's"),
        context: { status: 401 },
      });
    });

    it("says which object is missing, and which container", async () => {
      for (const uri of [`swift://${container}/nothing`, "swift://nowhere/image"])
        expect(await refusalOf(uri, password)).toMatchObject({
          code: "SOURCE_REFUSED",
          message: expect.stringContaining(`404 for ${uri}`),
        });
    });

    it("asks for the region where the catalog has several, and names those that it has not", async () => {
      const { region: _region, ...anywhere } = password;
      expect(await refusalOf(`swift://${container}/image`, anywhere)).toMatchObject({
        code: "SOURCE_REFUSED",
        message: expect.stringMatching(/more than one object-store endpoint .*R1, Cut|Cut, R1/),
      });
      for (const wrong of [{ region: "R9" }, { interface: "internal" as const }])
        expect(await refusalOf(`swift://${container}/image`, { ...password, ...wrong })).toMatchObject({
          code: "SOURCE_REFUSED",
          message: expect.stringContaining("names no object-store endpoint"),
        });
    });
  });

  describe("a TempURL of somebody else's making", () => {
    it("is the one that we would make", async () => {
      const now = Date.now();
      const ours = signTempUrl(new URL(`${swift.accountUrl}/${container}/a b/Łódź`), tempUrlKey, now);
      const expiresAt = Number(ours.searchParams.get("temp_url_expires"));
      expect(ours.href).toBe(await tempUrl(tempUrlKey, expiresAt, `${container}/a b/Łódź`));
    });

    it("is taken as http, and resumed and asked again like it", async () => {
      const url = await tempUrl(tempUrlKey, inAMinute());
      expect((await read(url)).equals(iso)).toBe(true);
      const validator = await validatorOf(open(url));
      expect(await open(url).unchangedSince?.(validator)).toBe(true);
    });

    it("is refused by name when it has expired or its signature is wrong", async () => {
      const expired = await tempUrl(tempUrlKey, inAMinute() - 70);
      for (const url of [expired, await tempUrl("wrong", inAMinute())]) {
        const error = await refusalOf(url);
        expect(error).toMatchObject({ code: "SOURCE_REFUSED", context: { status: 401 } });
        expect(inspect(error, { depth: 12 })).not.toContain(new URL(url).searchParams.get("temp_url_sig"));
      }
    });

    it("may expire once the attach was accepted: the image is here by then", async () => {
      const folder = await mkdtemp(join(tmpdir(), "mediabay-swift-store-"));
      onTestFinished(() => rm(folder, { recursive: true }));
      const catalog = createMemoryImageCatalog();
      const keys = createMemoryImageKeys();
      const store = createImageStore({ folder, catalog, keys, clock, maxBytes: 2 ** 26, isPublished: () => false });
      await store.start();
      const limitsBytes = { configdrive: 2 ** 26, boot: 2 ** 26 };
      const settings = { limitsBytes, sources: { allow, folders: [], timeouts } };
      const images = createImages({ store, catalog, clock, settings, ownListeners: () => [] });
      const uri = await tempUrl(tempUrlKey, inAMinute() - 58);
      const request = {
        source: { kind: "uri", uri },
        role: "configdrive",
        signal: AbortSignal.timeout(20_000),
      } as const;
      const { digest } = await images.ensure({ ...request, holder: "first" });
      // Whoever asks until it has expired sees it expire.
      for (let status = 200; status === 200; ) {
        const answer = await fetch(uri);
        await answer.arrayBuffer();
        status = answer.status;
      }
      await expect(images.ensure({ ...request, holder: "late" })).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
      const again = await images.ensure({ ...request, expectedDigest: digest, holder: "second" });
      expect(again).toMatchObject({ digest, references: 2 });
    });
  });

  describe("S3", () => {
    sourceContract("s3", async () => ({
      scheme: createS3Source(deps),
      credential: s3,
      reference: `s3://${container}/image`,
      bytes,
      refused: [
        ["s3://drives/", "INVALID_REQUEST"],
        ["s3:drives/x", "INVALID_REQUEST"],
        ["s3://hunter2@drives/x", "INVALID_REQUEST"],
        ["s3://drives/a/../x", "INVALID_REQUEST"],
      ],
      missing: [`s3://${container}/nothing`, "SOURCE_REFUSED"],
      secret: "hunter2",
      close: async () => undefined,
    }));

    it("gives an object of any name, with slashes, blanks and signs in it", async () => {
      const uri = `s3://${container}/${encodeURIComponent(awkward).replaceAll("%2F", "/")}`;
      expect((await read(uri, s3)).equals(bytes)).toBe(true);
    });

    it.each([
      ["image", { secretAccessKey: "hunter2" }, 403, "SignatureDoesNotMatch"],
      ["image", { accessKeyId: "test:hunter2" }, 403, "SignatureDoesNotMatch"],
      ["nothing", {}, 404, "NoSuchKey"],
    ])("says why it does not give %s with %o: %i %s", async (key, changes, status, originCode) => {
      const error = await refusalOf(`s3://${container}/${key}`, { ...s3, ...changes });
      expect(error).toMatchObject({
        code: "SOURCE_REFUSED",
        message: expect.stringContaining(`answered ${status} ${originCode} for s3://${container}/${key}`),
        context: { status, originCode },
      });
      expect(inspect(error, { depth: 12, showHidden: true })).not.toContain("hunter2");
    });

    it("says that there is no such bucket", async () => {
      expect(await refusalOf("s3://nowhere/x", s3)).toMatchObject({ context: { originCode: "NoSuchBucket" } });
    });

    it("is resumed where the network cut it", async () => {
      s3Proxy.setFault({ kind: "reset", afterBytes: 1024 ** 2, count: 1 });
      const cut = { ...s3, endpoint: `http://127.0.0.1:${s3Proxy.port}` };
      expect((await read(`s3://${container}/image`, cut)).equals(bytes)).toBe(true);
      s3Proxy.clearFaults();
      expect(s3Proxy.connections()).toBe(2);
    });

    it("says whether an object changed", async () => {
      const validator = await validatorOf(open(`s3://${container}/image`, s3));
      expect(await open(`s3://${container}/image`, s3).unchangedSince?.(validator)).toBe(true);
    });
  });
});
