// Which credential goes to which http origin, and to no other.
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import type { SourceCredential } from "../../src/core/source-credentials.ts";
import { createHttpSource } from "../../src/images/sources/http.ts";
import type { SourceSettings } from "../../src/images/sources/source.ts";
import { createAddressPolicy } from "../../src/wire/address-policy.ts";
import { makeCertificate } from "../tools/certificate.ts";
import { createHastyClock } from "../tools/hasty-clock.ts";
import { type Answer, broken, ranged, whole } from "../tools/image-origin.ts";
import { closedAfterwards, originOf } from "../tools/opened-origin.ts";

const bytes = Buffer.alloc(50_000, "image");
const secret = "hunter2hunter2";
const redirect =
  (location: string): Answer =>
  (_request, response) => {
    response.writeHead(307, { location }).end();
  };

const kinds = {
  basic: { kind: "basic", username: "us:er", password: secret },
  bearer: { kind: "bearer", token: secret },
  headers: { kind: "headers", headers: { "X-Api-Key": secret, authorization: `Token ${secret}` } },
} as const;
const seenAs = {
  basic: { authorization: `Basic ${Buffer.from(`us:er:${secret}`).toString("base64")}` },
  bearer: { authorization: `Bearer ${secret}` },
  headers: { "x-api-key": secret, authorization: `Token ${secret}` },
} as const;
const kindsOfHttp = ["basic", "bearer", "headers"] as const;
const credentialOf = (kind: (typeof kindsOfHttp)[number], ...origins: readonly string[]): SourceCredential => ({
  ...kinds[kind],
  origins,
});

const read = async (
  uri: string,
  credential: SourceCredential | undefined,
  settings: Partial<SourceSettings> = {},
): Promise<Buffer> => {
  const scheme = createHttpSource({
    clock: createHastyClock(),
    policy: createAddressPolicy({ allow: ["127.0.0.1"] }, () => []),
    settings: { folders: [], timeouts: { connectMs: 2000, responseMs: 2000, idleMs: 2000 }, ...settings },
  });
  const transfer = scheme.open?.(uri, {
    signal: AbortSignal.timeout(15_000),
    admit: () => undefined,
    onProgress: () => undefined,
    ...(credential && { credential }),
  });
  if (transfer === undefined) throw new Error("http opens nothing");
  return buffer(transfer.read());
};

const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: unknown) => error,
  );

describe.each(kindsOfHttp)("a named credential of the kind %s", (kind) => {
  it("goes to the origin that it names, with each request", async () => {
    const origin = await originOf(broken(bytes, 1000, { etag: '"v1"' }), ranged(bytes, '"v1"'));
    const got = await read(`${origin.url}/image`, credentialOf(kind, "https://elsewhere.test", origin.url));
    expect(got.equals(bytes)).toBe(true);
    expect(origin.asked.map(({ headers }) => headers)).toMatchObject([seenAs[kind], seenAs[kind]]);
    expect(origin.asked[1]?.headers.range).toBe("bytes=1000-");
  });

  it("goes nowhere else: the source is refused before anything is connected", async () => {
    const origin = await originOf(whole(bytes));
    const others = [`http://127.0.0.1:${origin.port + 1}`, `https://127.0.0.1:${origin.port}`, "http://127.0.0.1"];
    const error = await errorOf(read(`${origin.url}/image?x=${secret}`, credentialOf(kind, ...others)));
    expect(error).toMatchObject({
      code: "SOURCE_FORBIDDEN",
      message: `The named credential may not be sent to ${origin.url}.`,
    });
    expect(inspect(error, { depth: 12, showHidden: true })).not.toContain(secret);
    expect(origin.connections()).toBe(0);
  });

  it("follows a redirect at home and not abroad, though it may go there too", async () => {
    const abroad = await originOf(whole(bytes));
    const home = await originOf(redirect("/second"), redirect(`${abroad.url}/third`));
    await read(`${home.url}/first`, credentialOf(kind, home.url, abroad.url));
    expect(home.asked.map(({ headers }) => headers)).toMatchObject([seenAs[kind], seenAs[kind]]);
    for (const name of Object.keys(seenAs[kind])) expect(abroad.asked[0]?.headers).not.toHaveProperty(name);
  });

  it("is not taken from https to http", async () => {
    const { cert, key } = await makeCertificate(["127.0.0.1"]);
    const plain = await originOf(whole(bytes));
    const server = createServer({ cert, key }, (_request, response) => {
      response.writeHead(302, { location: `${plain.url}/` }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closedAfterwards({ close: () => new Promise((resolve) => server.close(resolve)) });
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const error = await errorOf(read(url, credentialOf(kind, url), { ca: [cert] }));
    expect(error).toMatchObject({ code: "SOURCE_FORBIDDEN", message: expect.stringContaining("from https to http") });
    expect(plain.connections()).toBe(0);
  });
});

describe("a named credential", () => {
  it("matches the port that an origin leaves out", async () => {
    const error = await errorOf(read("https://127.0.0.2/", credentialOf("basic", "https://127.0.0.2:443")));
    // The address policy speaks only once the credential is in order.
    expect(error).toMatchObject({ code: "SOURCE_FORBIDDEN", message: expect.stringContaining("a loopback address") });
  });

  it("does not overrule what a download works by", async () => {
    const origin = await originOf(broken(bytes, 1000, { etag: '"v1"' }), ranged(bytes, '"v1"'));
    const headers = { range: "bytes=5-", "Accept-Encoding": "gzip", "user-agent": "mine" };
    await read(origin.url, { kind: "headers", headers, origins: [origin.url] });
    expect(origin.asked[1]?.headers).toMatchObject({
      range: "bytes=1000-",
      "accept-encoding": "identity",
      "user-agent": "mediabay",
    });
  });

  it("of an object store is not for http", async () => {
    const s3 = {
      kind: "s3",
      endpoint: "http://x.test",
      region: "r",
      accessKeyId: "a",
      secretAccessKey: secret,
    } as const;
    const error = await errorOf(read("http://127.0.0.1:9/", { ...s3, style: "path" }));
    expect(error).toMatchObject({
      code: "INVALID_REQUEST",
      message: "The named credential is of the kind s3; this source takes basic or bearer or headers.",
    });
  });

  it("beside a user in the URI is one too many", () => {
    const policy = createAddressPolicy({ allow: [] }, () => []);
    const timeouts = { connectMs: 1, responseMs: 1, idleMs: 1 };
    const scheme = createHttpSource({ clock: createHastyClock(), policy, settings: { folders: [], timeouts } });
    expect(() => scheme.check(`https://us:${secret}@origin.test/`, "named")).toThrow(
      expect.objectContaining({ code: "INVALID_REQUEST", message: expect.not.stringContaining(secret) }),
    );
    scheme.check(`https://us:${secret}@origin.test/`);
    scheme.check("https://origin.test/", "named");
  });
});
