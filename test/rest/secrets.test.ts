// Canaries: secrets that go in, or that the inside hands out by mistake, are in no answer and in no line of the log.
import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import { publishedUrl } from "../tools/fake-gateway.ts";
import { operationsOf, readOpenApi } from "../tools/openapi.ts";
import { jsonOf, madeToken, startRest, tokenOf } from "../tools/rest.ts";
import type { TestRest } from "../tools/rest.ts";
import { samples } from "../tools/rest-samples.ts";
import { readEvents, takeEvents } from "../tools/sse.ts";

const canaries = /calvin-canary|canary-pass|Y2FuYXJ5LWJsb2I|secretsecret|abcdefghijklmnopqrstuvwxyz|canary-token/;

const begin = async (rest: TestRest): Promise<void> => {
  const body = { source: { uri: "https://user:canary-pass@origin.example/c.iso?token=canary-token" } };
  await rest.call("/v1/machines/node1/attachments", { method: "POST", body });
};

/** The path as it is, which fetch would tidy. */
const rawGet = (rest: TestRest, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(rest.url);
    const sent = request({ port, path, agent: false }, (answer) => {
      answer.setEncoding("utf8");
      let text = "";
      answer.on("data", (chunk: string) => (text += chunk));
      answer.on("end", () => resolve(text));
    });
    sent.on("error", reject).end();
  });

describe("secrets", () => {
  it("that are sent come back from no operation and stand in no line of the log", async () => {
    await using rest = await startRest();
    const described = operationsOf(await readOpenApi(rest.url));
    await begin(rest);
    for (const { method, operation } of described) {
      const { path, body } = samples[operation.operationId] ?? { path: "/" };
      const stop = new AbortController();
      const answer = await rest.call(path, {
        method,
        role: "admin",
        signal: stop.signal,
        ...(body !== undefined && { body }),
      });
      const text = answer.headers.get("content-type")?.startsWith("text/event-stream") ? "" : await answer.text();
      expect(`${operation.operationId}: ${text}`).not.toMatch(canaries);
      stop.abort();
    }
    expect(rest.lines.length).toBeGreaterThan(described.length);
    expect(rest.lines.join("")).not.toMatch(canaries);
  });

  it("that the inside shows by mistake are masked: our published URLs, URIs with credentials, passwords", async () => {
    await using rest = await startRest();
    const media = await rest.call("/v1/machines/node1/media");
    expect(await media.text()).toContain("http://192.0.2.1:8481/m/******/config.iso");
    const attachment = await jsonOf(await rest.call("/v1/attachments/a-1"));
    expect(attachment["observed"]).toMatchObject({
      image: publishedUrl.replace("abcdefghijklmnopqrstuvwxyz", "******"),
    });
    const error = new MediabayError("SOURCE_REFUSED", "No: https://user:canary-pass@o/c.iso?token=canary-token", {
      uri: "https://user:canary-pass@o/c.iso",
      password: "calvin-canary",
      path: "/m/abcdefghijklmnopqrstuvwxyz/config.iso",
    });
    rest.gateway.fail("getImage", error);
    const text = await (await rest.call(`/v1/images/${"0123456789abcdef".repeat(4)}`)).text();
    expect(text).toContain("SOURCE_REFUSED");
    expect(text).not.toMatch(canaries);
  });

  it("are masked in events", async () => {
    await using rest = await startRest();
    rest.gateway.emit("o-1", "step", { url: publishedUrl, password: "calvin-canary" });
    const events = readEvents(await rest.call("/v1/events", { headers: { "last-event-id": "0" } }));
    const [event] = await takeEvents(events, 1);
    expect(event?.data).toMatchObject({
      data: { url: "http://192.0.2.1:8481/m/******/config.iso", password: "******" },
    });
  });

  it("are masked in what is logged of a defect", async () => {
    await using rest = await startRest();
    rest.gateway.fail("boot", new Error("GET https://root:canary-pass@bmc/ with Bearer canary-token"));
    expect(await (await rest.call("/v1/machines/node1/boot")).text()).not.toMatch(canaries);
    expect(rest.lines.join("")).toContain("GET https://******@bmc/");
    expect(rest.lines.join("")).not.toMatch(canaries);
  });

  it("are not logged when they stand in an address", async () => {
    await using rest = await startRest();
    await rawGet(rest, "/m/abcdefghijklmnopqrstuvwxyz/config.iso");
    await rawGet(rest, "/v1/images/https%3A%2F%2Fuser%3Acanary-pass%40o%2Fc.iso");
    await rawGet(rest, "/v1/machines?after=canary-token");
    await rawGet(rest, `/v1/machines?${tokenOf("admin")}`);
    expect(rest.lines).toHaveLength(4);
    expect(rest.lines.join("")).not.toMatch(canaries);
  });

  it("of a new token are shown once, and everything else of that answer is as everywhere", async () => {
    await using rest = await startRest();
    const body = { name: "ci", role: "reader" };
    const made = await jsonOf(await rest.call("/v1/tokens", { method: "POST", role: "admin", body }));
    expect(made).toEqual({
      token: madeToken,
      record: { id: "t-new", name: "ci", role: "reader", createdAt: "1970-01-01T00:00:00.000Z" },
    });
    const headers = { authorization: `Bearer ${madeToken}` };
    expect((await rest.call("/v1/machines", { role: undefined, headers })).status).toBe(200);
    expect(await (await rest.call("/v1/tokens", { role: "admin" })).text()).not.toContain(madeToken);
    expect(rest.lines.join("")).not.toContain(madeToken);
  });
});

describe("the access log", () => {
  it("has one line a request at info: who, what, how it went, without query and body", async () => {
    await using rest = await startRest();
    await (await rest.call("/v1/machines/node1?x=1")).text();
    await (await rest.call("/v1/machines", { role: undefined })).text();
    while (rest.lines.length < 2) await rest.clock.settle();
    const lines: Record<string, unknown>[] = rest.lines.map((line) => JSON.parse(line));
    expect(lines[0]).toEqual({
      level: "info",
      time: "2026-01-01T00:00:00.000Z",
      method: "GET",
      path: "/v1/machines/node1",
      status: 400,
      durationMs: 0,
      remote: "127.0.0.1",
      actor: "operator-token",
      instance: expect.stringMatching(/^urn:uuid:/),
      msg: "request",
    });
    expect(lines[1]).toMatchObject({ status: 401 });
    expect(lines[1]).not.toHaveProperty("actor");
  });
});
