// Swift and S3 against origins that say what the test wants: what a good store does only once a year, and what a bad one does.
import { buffer, text } from "node:stream/consumers";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import type { S3Credential, SourceCredential, SwiftCredential } from "../../src/core/source-credentials.ts";
import { createS3Source } from "../../src/images/sources/s3.ts";
import type { SourceDeps, SourceScheme } from "../../src/images/sources/source.ts";
import { createSwiftSource } from "../../src/images/sources/swift.ts";
import { createAddressPolicy, type Listener } from "../../src/wire/address-policy.ts";
import { createHastyClock } from "../tools/hasty-clock.ts";
import { type Answer, broken, type ImageOrigin, ranged, status, whole } from "../tools/image-origin.ts";
import { originOf } from "../tools/opened-origin.ts";

const bytes = Buffer.alloc(50_000, "image");
const secret = "hunter2hunter2";

const schemeOf = (
  create: (deps: SourceDeps) => SourceScheme,
  changes: Partial<SourceDeps> = {},
  own: Listener[] = [],
) => {
  const clock = createHastyClock();
  const scheme = create({
    clock,
    policy: createAddressPolicy({ allow: ["127.0.0.1"] }, () => own),
    settings: { folders: [], timeouts: { connectMs: 2000, responseMs: 400, idleMs: 400 } },
    ...changes,
  });
  const read = (uri: string, credential: SourceCredential): Promise<Buffer> => {
    const context = { signal: AbortSignal.timeout(15_000), admit: () => undefined, onProgress: () => undefined };
    const transfer = scheme.open?.(uri, { ...context, credential });
    if (transfer === undefined) throw new Error(`${uri} opens nothing`);
    return buffer(transfer.read());
  };
  const refusal = (...words: Parameters<typeof read>): Promise<unknown> =>
    read(...words).then(
      () => "read",
      (error: unknown) => error,
    );
  return { clock, read, refusal };
};

describe("Swift", () => {
  interface Endpoint {
    readonly url: string;
    readonly interface?: string;
    readonly region_id?: string;
  }

  const tokenOf =
    (endpoints: readonly Endpoint[], token = "token-1", expires = "2026-01-01T01:00:00.000000Z"): Answer =>
    (_request, response) => {
      const made = endpoints.map((endpoint) => ({ interface: "public", region_id: "R1", ...endpoint }));
      const catalog = [
        { type: "identity", endpoints: [{ interface: "public", region_id: "R1", url: "http://identity.test" }] },
        { type: "object-store", endpoints: made },
      ];
      response.writeHead(201, { "x-subject-token": token });
      response.end(JSON.stringify({ token: { expires_at: expires, catalog } }));
    };

  const credentialOf = (keystone: ImageOrigin): SwiftCredential => ({
    kind: "swift",
    authUrl: `${keystone.url}/v3/`,
    login: {
      method: "password",
      username: "us",
      userDomain: "Default",
      password: secret,
      project: "p",
      projectDomain: "Default",
    },
    interface: "public",
  });

  it("is asked under the account's URL of the catalog, with the token", async () => {
    const store = await originOf(whole(bytes));
    const bodies: Promise<string>[] = [];
    const keystone = await originOf((request, response) => {
      bodies.push(text(request));
      tokenOf([{ url: `${store.url}/swift/v1/AUTH_p/` }])(request, response);
    });
    const { read } = schemeOf(createSwiftSource);
    expect((await read("swift://drives/a b", credentialOf(keystone))).equals(bytes)).toBe(true);
    expect(keystone.asked).toMatchObject([
      { path: "/v3/auth/tokens", headers: { "content-type": "application/json" } },
    ]);
    expect(JSON.parse((await bodies[0]) ?? "")).toEqual({
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: "us", domain: { name: "Default" }, password: secret } },
        },
        scope: { project: { name: "p", domain: { name: "Default" } } },
      },
    });
    expect(store.asked).toMatchObject([
      { path: "/swift/v1/AUTH_p/drives/a%20b", headers: { "x-auth-token": "token-1" } },
    ]);
  });

  it("is given a new token once when it refuses one of before, and named when it refuses that too", async () => {
    const store = await originOf(whole(bytes), status(401), whole(bytes), status(401));
    const endpoints = [{ url: store.url }];
    const keystone = await originOf(
      tokenOf(endpoints, "token-1"),
      tokenOf(endpoints, "token-2"),
      tokenOf(endpoints, "token-3"),
    );
    const { read, refusal, clock } = schemeOf(createSwiftSource);
    const credential = credentialOf(keystone);
    await read("swift://c/o", credential);
    await read("swift://c/o", credential);
    const tokens = (): unknown[] => store.asked.map(({ headers }) => headers["x-auth-token"]);
    expect(tokens()).toEqual(["token-1", "token-1", "token-2"]);
    expect(await refusal("swift://c/o", credential)).toMatchObject({
      code: "SOURCE_REFUSED",
      message: expect.stringContaining("it does not take the token"),
      context: { status: 401 },
    });
    expect(tokens().slice(3)).toEqual(["token-2", "token-3"]);
    expect(clock.slept).toEqual([]);
  });

  it("is given a new token before the old one ends", async () => {
    const store = await originOf(whole(bytes));
    const endpoints = [{ url: store.url }];
    const keystone = await originOf(
      tokenOf(endpoints, "token-1", "2026-01-01T00:05:00Z"),
      tokenOf(endpoints, "token-2", "2026-01-01T01:05:00Z"),
    );
    const { read, clock } = schemeOf(createSwiftSource);
    const credential = credentialOf(keystone);
    for (const waitMs of [0, 200_000, 60_000]) {
      await clock.sleep(waitMs);
      await read("swift://c/o", credential);
    }
    expect(store.asked.map(({ headers }) => headers["x-auth-token"])).toEqual(["token-1", "token-1", "token-2"]);
  });

  it("gets a TempURL anew with each attempt, and no token", async () => {
    const store = await originOf(broken(bytes, 1000, { etag: '"v1"' }), status(503), ranged(bytes, '"v1"'));
    const keystone = await originOf(tokenOf([{ url: `${store.url}/v1/AUTH_p` }]));
    const { read } = schemeOf(createSwiftSource);
    const credential = { ...credentialOf(keystone), tempUrlKey: secret };
    expect((await read("swift://c/o", credential)).equals(bytes)).toBe(true);
    const asked = store.asked.map(({ path }) => new URL(path, store.url));
    expect(asked.map(({ pathname }) => pathname)).toEqual(Array(3).fill("/v1/AUTH_p/c/o"));
    const startSeconds = Date.UTC(2026, 0, 1) / 1000;
    // One second passed before the second attempt, and two more before the third.
    expect(asked.map((url) => Number(url.searchParams.get("temp_url_expires")) - startSeconds)).toEqual([
      300, 301, 303,
    ]);
    expect(new Set(asked.map((url) => url.searchParams.get("temp_url_sig"))).size).toBe(3);
    for (const { headers } of store.asked) expect(headers).not.toHaveProperty("x-auth-token");
  });

  it("waits for a Keystone that stumbles, and not for one that refuses", async () => {
    const store = await originOf(whole(bytes));
    const keystone = await originOf(status(503), status(429), tokenOf([{ url: store.url }]));
    const { read, clock } = schemeOf(createSwiftSource);
    await read("swift://c/o", credentialOf(keystone));
    expect(clock.slept).toEqual([1000, 2000]);
    for (const [code, said] of [
      [401, "refused the login of the named credential (401)"],
      [404, "answered 404 to the login"],
      [302, "answered 302 to the login"],
    ] as const) {
      const refusing = await originOf(status(code, { location: `${store.url}/v3` }));
      const strict = schemeOf(createSwiftSource);
      const error = await strict.refusal("swift://c/o", credentialOf(refusing));
      expect(error).toMatchObject({ code: "SOURCE_REFUSED", message: expect.stringContaining(said) });
      expect([refusing.asked.length, strict.clock.slept]).toEqual([1, []]);
    }
    expect(store.asked.length).toBe(1);
  });

  it.each([
    ["no catalog", [], "names no object-store endpoint"],
    ["another interface", [{ url: "http://a.test", interface: "admin" }], "names no object-store endpoint"],
    [
      "two regions",
      [{ url: "http://a.test" }, { url: "http://b.test", region_id: "R2" }],
      "more than one object-store",
    ],
    ["an endpoint that is no URL", [{ url: "storage" }], "without a URL"],
    ["an endpoint of a file", [{ url: "file:///etc" }], "without a URL"],
  ])("names what is wrong with %s", async (_what, endpoints, said) => {
    const keystone = await originOf(tokenOf(endpoints));
    const { refusal } = schemeOf(createSwiftSource);
    expect(await refusal("swift://c/o", credentialOf(keystone))).toMatchObject({
      code: "SOURCE_REFUSED",
      message: expect.stringContaining(said),
    });
  });

  it.each([
    ["no JSON", "<html>", "answered the login with no token"],
    ["JSON of another shape", '{"token":{}}', "answered the login with no token"],
    ["more than a catalog", "x".repeat(2 * 1024 ** 2 + 1), "answers with more than"],
  ])("names a Keystone that answers with %s", async (_what, body, said) => {
    const keystone = await originOf((_request, response) => {
      response.writeHead(201, { "x-subject-token": secret }).end(body);
    });
    const error = await schemeOf(createSwiftSource).refusal("swift://c/o", credentialOf(keystone));
    expect(error).toMatchObject({ code: "SOURCE_REFUSED", message: expect.stringContaining(said) });
    expect(inspect(error, { depth: 12, showHidden: true })).not.toContain(secret);
  });

  it("does not wait for a Keystone that drips", async () => {
    const drips = new Set<NodeJS.Timeout>();
    const keystone = await originOf((_request, response) => {
      response.writeHead(201, { "x-subject-token": "t" });
      const drip = setInterval(() => response.write(" "), 20);
      drips.add(drip);
      response.on("close", () => clearInterval(drip));
    });
    const { refusal } = schemeOf(createSwiftSource, {
      settings: { folders: [], timeouts: { connectMs: 2000, responseMs: 100, idleMs: 100 } },
    });
    expect(await refusal("swift://c/o", credentialOf(keystone))).toMatchObject({ code: "SOURCE_UNREACHABLE" });
    expect(keystone.asked.length).toBe(4);
  });

  it("is judged by the address policy, and so is Keystone", async () => {
    const store = await originOf(whole(bytes));
    const keystone = await originOf(
      tokenOf([{ url: `http://127.0.0.1:${store.port}` }]),
      tokenOf([{ url: "http://169.254.169.254/v1" }]),
    );
    const credential = credentialOf(keystone);
    const own = [{ address: "127.0.0.1", port: store.port }];
    const forbidden = { code: "SOURCE_FORBIDDEN" };
    expect(await schemeOf(createSwiftSource, {}, own).refusal("swift://c/o", credential)).toMatchObject(forbidden);
    expect(await schemeOf(createSwiftSource).refusal("swift://c/o", credential)).toMatchObject(forbidden);
    expect(keystone.asked.length).toBe(2);
    const policy = createAddressPolicy({ allow: [] }, () => []);
    const strict = schemeOf(createSwiftSource, { policy });
    expect(await strict.refusal("swift://c/o", credential)).toMatchObject(forbidden);
    const elsewhere = { ...credential, authUrl: "http://[::ffff:169.254.169.254]/v3" };
    expect(await schemeOf(createSwiftSource).refusal("swift://c/o", elsewhere)).toMatchObject(forbidden);
    expect([store.connections(), keystone.asked.length]).toEqual([0, 2]);
  });

  it("does not follow a redirect of the store", async () => {
    const other = await originOf(whole(bytes));
    const store = await originOf(status(302, { location: other.url }));
    const keystone = await originOf(tokenOf([{ url: store.url }]));
    expect(await schemeOf(createSwiftSource).refusal("swift://c/o", credentialOf(keystone))).toMatchObject({
      code: "SOURCE_REFUSED",
      context: { status: 302 },
    });
    expect(other.connections()).toBe(0);
  });
});

describe("S3", () => {
  const credentialOf = (store: Pick<ImageOrigin, "url">, changes: Partial<S3Credential> = {}): S3Credential => ({
    kind: "s3",
    endpoint: store.url,
    region: "eu-test-1",
    accessKeyId: "AKID",
    secretAccessKey: secret,
    style: "path",
    ...changes,
  });

  it("is asked with a signature in the headers, of this moment and region", async () => {
    const store = await originOf(whole(bytes));
    const { read } = schemeOf(createS3Source);
    const credential = credentialOf(store, { endpoint: `${store.url}/gateway/`, sessionToken: "session" });
    expect((await read("s3://Bucket_1/a b/c+d", credential)).equals(bytes)).toBe(true);
    expect(store.asked).toMatchObject([
      {
        path: "/gateway/Bucket_1/a%20b/c%2Bd",
        headers: {
          "x-amz-date": "20260101T000000Z",
          "x-amz-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
          "x-amz-security-token": "session",
          authorization: expect.stringMatching(
            /^AWS4-HMAC-SHA256 Credential=AKID\/20260101\/eu-test-1\/s3\/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/,
          ),
        },
      },
    ]);
  });

  it("of host style has the bucket in the host's name", async () => {
    const store = await originOf(whole(bytes));
    const names: string[] = [];
    const { read } = schemeOf(createS3Source, {
      lookup: (name, options, callback) => {
        names.push(name);
        if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }]);
        else callback(null, "127.0.0.1", 4);
      },
    });
    const endpoint = `http://s3.test:${store.port}`;
    await read("s3://my.bucket/a/b", credentialOf(store, { style: "host", endpoint }));
    expect(names).toEqual(["my.bucket.s3.test"]);
    expect(store.asked).toMatchObject([{ path: "/a/b", headers: { host: `my.bucket.s3.test:${store.port}` } }]);
  });

  it.each([
    ["My_Bucket", "http://s3.test"],
    ["a@b", "http://s3.test"],
    ["bucket", "http://127.0.0.1:1"],
    ["bucket", "http://[::1]:1"],
  ])("of host style cannot have the bucket %s at %s", async (bucket, endpoint) => {
    const { read } = schemeOf(createS3Source);
    const credential = credentialOf({ url: endpoint }, { style: "host" });
    await expect(async () => read(`s3://${encodeURIComponent(bucket)}/x`, credential)).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      hint: expect.stringContaining("`path`"),
    });
  });

  it("is signed anew for each attempt", async () => {
    const store = await originOf(status(503), whole(bytes));
    await schemeOf(createS3Source).read("s3://b/k", credentialOf(store));
    expect(store.asked.map(({ headers }) => headers["x-amz-date"])).toEqual(["20260101T000000Z", "20260101T000001Z"]);
  });

  it.each([
    [
      "its own code",
      403,
      "<?xml version='1.0'?><Error><Code>RequestTimeTooSkewed</Code></Error>",
      "403 RequestTimeTooSkewed",
    ],
    [
      "a redirect that it does not follow",
      301,
      "<Error><Code>PermanentRedirect</Code></Error>",
      "301 PermanentRedirect",
    ],
    ["no code", 404, "not found", "404"],
    ["a code that is none", 404, `<Code>${"<b>".repeat(10)}</Code>`, "404"],
    ["an endless document", 403, "x".repeat(200_000), "403"],
  ])("is named with %s", async (_what, code, body, said) => {
    const store = await originOf((_request, response) => {
      response.writeHead(code, { location: "http://127.0.0.1:9/" }).end(body);
    });
    const error = await schemeOf(createS3Source).refusal("s3://b/k", credentialOf(store));
    expect(error).toMatchObject({
      code: "SOURCE_REFUSED",
      message: `S3 at 127.0.0.1:${store.port} answered ${said} for s3://b/k.`,
    });
    expect(inspect(error, { depth: 12, showHidden: true })).not.toContain(secret);
    expect(store.asked.length).toBe(1);
  });

  /** As Amazon's answers: the region stands behind the code, and may come with the next piece. */
  const malformed = (region: string, code = "AuthorizationHeaderMalformed"): readonly [string, string] => [
    `<?xml version='1.0'?><Error><Code>${code}</Code><Message>wrong`,
    `</Message>${region}<RequestId>1</RequestId></Error>`,
  ];

  it.each([
    ["its document", malformed("<Region>eu-west-3</Region>"), {}, "The bucket is in the region eu-west-3"],
    [
      "its header",
      ["<Error><Code>PermanentRedirect</Code>", "</Error>"],
      { "x-amz-bucket-region": "eu-west-3" },
      "The bucket is in the region eu-west-3",
    ],
    ...["InvalidRegion", "TemporaryRedirect", "IllegalLocationConstraintException"].map(
      (code) =>
        [
          `its document for ${code}`,
          malformed("<Region>eu-west-3</Region>", code),
          {},
          "The bucket is in the region eu-west-3",
        ] as const,
    ),
    ["no word", malformed(""), {}, "The store expects another region than eu-test-1"],
    ["what is no region", malformed("<Region>a b&lt;</Region>"), {}, "The store expects another region than eu-test-1"],
  ] as const)("tells the region that the store names in %s", async (_what, [first, rest], headers, said) => {
    const store = await originOf((_request, response) => {
      response.writeHead(400, headers);
      response.write(first, () => setImmediate(() => response.end(rest)));
    });
    const error = await schemeOf(createS3Source).refusal("s3://b/k", credentialOf(store));
    expect(error).toMatchObject({ code: "SOURCE_REFUSED", hint: expect.stringContaining(said) });
    expect(error).toMatchObject({ hint: expect.stringContaining("--region") });
    expect(store.asked.length).toBe(1);
  });

  it.each([
    ["for a place that is ours", 301, "PermanentRedirect", "eu-test-1"],
    ["for a place that is none", 301, "PermanentRedirect", "<b>"],
    ["where the store's own stands beside another fault", 404, "NoSuchKey", "eu-west-3"],
  ])("tells no region %s", async (_what, code, name, region) => {
    const store = await originOf((_request, response) => {
      response.writeHead(code, { "x-amz-bucket-region": region }).end(`<Error><Code>${name}</Code></Error>`);
    });
    expect(await schemeOf(createS3Source).refusal("s3://b/k", credentialOf(store))).toMatchObject({
      hint: expect.not.stringContaining("region"),
    });
  });

  it("is named with its code though its document breaks off behind it", async () => {
    const store = await originOf((_request, response) => {
      response.writeHead(400);
      response.write(malformed("")[0], () => setImmediate(() => response.destroy()));
    });
    expect(await schemeOf(createS3Source).refusal("s3://b/k", credentialOf(store))).toMatchObject({
      code: "SOURCE_REFUSED",
      message: expect.stringContaining("400 AuthorizationHeaderMalformed"),
    });
  });

  it("is judged by the address policy", async () => {
    const store = await originOf(whole(bytes));
    const strict = schemeOf(createS3Source, { policy: createAddressPolicy({ allow: [] }, () => []) });
    expect(await strict.refusal("s3://b/k", credentialOf(store))).toMatchObject({ code: "SOURCE_FORBIDDEN" });
    expect(store.connections()).toBe(0);
  });
});
