// Named credentials through the whole service: they reach the origins that they name and no other, and their secrets stand nowhere else:
// in no answer, no line of the log, no audit entry, no file of the state directory.
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SourceCredential } from "../../src/core/source-credentials.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { systemClock } from "../../src/wire/clock.ts";
import { type Answer, startTestService, type TestService } from "../tools/service.ts";
import { credentialSecrets, sampleCredentials } from "../tools/store-samples.ts";
import { tinyIso } from "../tools/tiny-images.ts";

const canary = (place: string): string => `canary-${place}-0123456789`;
const samples = sampleCredentials(canary);

/** Also as they stand in an `Authorization` field. */
const secrets = credentialSecrets.flatMap((place) => [
  canary(place),
  ...[0, 1, 2].map((shift) =>
    Buffer.from(`${"x".repeat(shift)}${canary(place)}`)
      .toString("base64")
      .slice(4, -4),
  ),
]);

interface Origin {
  readonly url: string;
  readonly asked: IncomingMessage[];
  close(): Promise<void>;
}

/** Gives its image to whoever sends `field: value`; anybody else is refused in his own words. */
const startOrigin = async (): Promise<Origin> => {
  const image = tinyIso({ label: "config-2" });
  const asked: IncomingMessage[] = [];
  const allowed: Readonly<Record<string, readonly [string, string]>> = {
    "/basic": ["authorization", `Basic ${Buffer.from(`ada:${canary("basic")}`).toString("base64")}`],
    "/bearer": ["authorization", `Bearer ${canary("bearer")}`],
    "/headers": ["x-key", canary("headers")],
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    asked.push(request);
    const said = JSON.stringify(request.headers) + (await request.toArray()).join("");
    const [field, value] = allowed[request.url ?? ""] ?? ["authorization", "nobody"];
    const known = request.headers[field] === value;
    response.writeHead(known ? 200 : 403, { "x-said": encodeURIComponent(said) }).end(known ? image : said);
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
};

const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile());

describe("named credentials in the whole service", () => {
  let origin: Origin;
  let other: Origin;
  let service: TestService;
  const lines: string[] = [];
  const shown: string[] = [];
  beforeAll(async () => {
    [origin, other] = [await startOrigin(), await startOrigin()];
    const log = createLog({ level: "debug", clock: systemClock, stream: { write: (line) => void lines.push(line) } });
    service = await startTestService({}, { log });
  });
  afterAll(async () => {
    await service.close();
    await Promise.all([origin.close(), other.close()]);
  });

  const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await service.call(method, path, body);
    shown.push(JSON.stringify(answer.body));
    return answer;
  };
  const set = (name: string, credential: SourceCredential): Promise<Answer> =>
    call("PUT", `/v1/credentials/${name}`, credential);
  const ingest = (uri: string, credential: string): Promise<Answer> =>
    call("POST", "/v1/images", { source: { uri, credential } });

  it.each(["basic", "bearer", "headers"] as const)("of the kind %s let an image be fetched", async (kind) => {
    const credential = { ...samples[kind], origins: [origin.url] };
    expect(await set(kind, credential)).toMatchObject({
      status: 200,
      body: { name: kind, destinations: [origin.url] },
    });
    expect(await ingest(`${origin.url}/${kind}`, kind)).toMatchObject({ status: 201, body: { label: "config-2" } });
  });

  it("that the origin refuses are not repeated, whatever it says", async () => {
    await set("wrong", { ...samples.basic, origins: [origin.url] });
    expect(await ingest(`${origin.url}/bearer`, "wrong")).toMatchObject({
      status: 502,
      body: { code: "SOURCE_REFUSED" },
    });
    await set("swift", { ...samples.swift, authUrl: `${origin.url}/v3` });
    await set("application", { ...samples.application, authUrl: `${origin.url}/v3` });
    await set("s3", { ...samples.s3, endpoint: origin.url });
    const asked = origin.asked.length;
    for (const [uri, name] of [
      ["swift://container/object", "swift"],
      ["swift://container/object", "application"],
      ["s3://bucket/key", "s3"],
    ] as const)
      expect((await ingest(uri, name)).status).toBe(502);
    expect(origin.asked.length).toBeGreaterThanOrEqual(asked + 3);
  });

  it("are not sent to an origin that they do not name", async () => {
    const answer = await ingest(`${other.url}/basic`, "basic");
    expect(answer).toMatchObject({ status: 422, body: { code: "SOURCE_FORBIDDEN" } });
    expect(other.asked).toEqual([]);
  });

  it("that there are not, or that were removed, are refused by name", async () => {
    expect(await ingest(`${origin.url}/basic`, "never")).toMatchObject({
      status: 404,
      body: { code: "CREDENTIAL_NOT_FOUND" },
    });
    expect((await call("DELETE", "/v1/credentials/wrong")).status).toBe(204);
    expect(await ingest(`${origin.url}/basic`, "wrong")).toMatchObject({ status: 404 });
    const { body } = await call("GET", "/v1/audit?limit=100");
    expect(JSON.stringify(body)).toContain('"action":"credential.removed","detail":{"name":"wrong"}');
  });

  it("stand in no answer, line of the log, audit entry or file", async () => {
    for (const [name, credential] of Object.entries(samples)) {
      await set(name, credential);
      await call("PUT", `/v1/credentials/${name}`, { ...credential, unknown: 1 });
      await call("PUT", "/v1/credentials/-", credential);
    }
    await call("GET", "/v1/credentials");
    const texts = [...shown, ...lines, ...filesOf(service.stateDir).map((file) => readFileSync(file, "latin1"))];
    expect(texts.join("\n")).toContain("keystone.example");
    expect(lines.length).toBeGreaterThan(20);
    expect(secrets.filter((secret) => texts.some((text) => text.includes(secret)))).toEqual([]);
  });
});
