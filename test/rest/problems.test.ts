// Whatever goes wrong is a problem document of RFC 9457 with our code and hint, and discloses nothing of the inside.
import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { errorTable, MediabayError } from "../../src/core/errors.ts";
import type { ErrorCode } from "../../src/core/errors.ts";
import { jsonOf, startRest, tokenOf } from "../tools/rest.ts";

const codes = Object.keys(errorTable) as ErrorCode[];
const attachments = "/v1/machines/node1/attachments";

describe("an error of the gateway", () => {
  it.each(codes)("%s becomes a problem with the table's status and hint", async (code) => {
    await using rest = await startRest();
    rest.gateway.fail("getMachine", new MediabayError(code, "It went wrong.", { machine: "node1" }));
    const answer = await rest.call("/v1/machines/node1");
    const { status, hint, fault } = errorTable[code];
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    const problem = await jsonOf(answer);
    expect(answer.headers.get("retry-after")).toBe(status === 429 || status === 503 ? "5" : null);
    expect(problem).toMatchObject({ type: `urn:mediabay:error:${code}`, status, code, hint });
    expect(problem["instance"]).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
    expect(problem["context"]).toEqual(fault === "us" ? undefined : { machine: "node1" });
  });

  it("has a title in words and its own hint when it brings one", async () => {
    await using rest = await startRest();
    rest.gateway.fail("power", new MediabayError("BMC_TLS", "No trust.", { hint: "Pin it.", bmcText: "bad cert" }));
    expect(await jsonOf(await rest.call("/v1/machines/node1/power"))).toMatchObject({
      title: "BMC TLS",
      detail: "No trust.",
      hint: "Pin it.",
      context: { bmcText: "bad cert" },
    });
  });
});

describe("a defect of ours", () => {
  it("discloses nothing, and is logged with its cause under the instance that was answered", async () => {
    await using rest = await startRest();
    rest.gateway.fail("listImages", new TypeError("cannot read /var/lib/inside", { cause: new Error("deep down") }));
    const answer = await rest.call("/v1/images");
    const text = await answer.text();
    expect(answer.status).toBe(500);
    expect(text).not.toMatch(/inside|deep down|TypeError|\.ts/);
    const { instance } = JSON.parse(text);
    const line = rest.lines.find((item) => item.includes('"level":"error"')) ?? "";
    expect(line).toContain(instance);
    expect(line).toContain("cannot read /var/lib/inside");
    expect(line).toContain("deep down");
    expect(line).toContain("problems.test.ts");
  });

  it("keeps its words to itself even when they are in our own error", async () => {
    await using rest = await startRest();
    rest.gateway.fail("listImages", new MediabayError("INTERNAL", "Row 7 of images is torn.", { hint: "Row 7" }));
    const text = await (await rest.call("/v1/images")).text();
    expect(text).not.toContain("Row 7");
    expect(rest.lines.join("")).toContain("Row 7 of images is torn.");
  });

  it("is told from a caller's mistake, which is not logged as an error", async () => {
    await using rest = await startRest();
    await rest.call("/v1/machines/none");
    expect(rest.lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });
});

describe("a body", () => {
  it.each([
    ["is not JSON", { text: '{"name": ' }, 400, "INVALID_REQUEST"],
    ["is not an object", { text: '"text"' }, 400, "INVALID_REQUEST"],
    ["is missing", {}, 400, "INVALID_REQUEST"],
    ["is empty", { text: "" }, 400, "INVALID_REQUEST"],
    [
      "is a form",
      { text: "a=b", headers: { "content-type": "application/x-www-form-urlencoded" } },
      415,
      "UNSUPPORTED_MEDIA_TYPE",
    ],
    ["is text", { text: "{}", headers: { "content-type": "text/plain" } }, 415, "UNSUPPORTED_MEDIA_TYPE"],
    [
      "is gzipped",
      { text: new Uint8Array(gzipSync("{}")), headers: { "content-encoding": "gzip" } },
      415,
      "UNSUPPORTED_MEDIA_TYPE",
    ],
    [
      "is in another character set",
      { text: "{}", headers: { "content-type": "application/json; charset=ebcdic" } },
      415,
      "UNSUPPORTED_MEDIA_TYPE",
    ],
    [
      "is larger than a mebibyte",
      { text: JSON.stringify({ name: "x".repeat(1024 * 1024) }) },
      413,
      "REQUEST_TOO_LARGE",
    ],
  ] as const)("that %s is refused", async (_what, call, status, code) => {
    await using rest = await startRest();
    const answer = await rest.call("/v1/machines", { method: "POST", ...call });
    expect(await jsonOf(answer)).toMatchObject({ status, code });
    expect(rest.gateway.calls).toEqual([]);
  });

  it("larger than it was said to be is refused by its length alone, even where images may come", async () => {
    await using rest = await startRest();
    const status = await new Promise((resolve, reject) => {
      const sent = request(`${rest.url}${attachments}`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${tokenOf("operator")}`,
          "content-type": "application/json",
          "content-length": 97 * 1024 * 1024,
        },
      });
      sent.on("response", (answer) => {
        resolve(answer.statusCode);
        sent.destroy();
      });
      sent.on("error", reject);
      sent.flushHeaders();
    });
    expect(status).toBe(413);
  });

  it("of no stated length is refused at the byte that is too many", async () => {
    await using rest = await startRest();
    const status = await new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${tokenOf("operator")}`, "content-type": "application/json" };
      const sent = request(`${rest.url}/v1/machines`, { method: "POST", headers });
      sent.on("response", (answer) => {
        resolve(answer.statusCode);
        sent.destroy();
      });
      sent.on("error", reject);
      // Never ended: only the limit can answer.
      sent.write(JSON.stringify({ name: "x".repeat(1024 * 1024) }));
    });
    expect(status).toBe(413);
  });

  it("that is broken off is the caller's mistake, and nothing was done", async () => {
    await using rest = await startRest();
    const headers = { authorization: `Bearer ${tokenOf("operator")}`, "content-type": "application/json" };
    const sent = request(`${rest.url}/v1/machines`, { method: "POST", headers });
    sent.on("error", () => undefined);
    sent.write('{"name":');
    while (rest.tokens.asked.length === 0) await rest.clock.settle();
    sent.destroy();
    while (rest.lines.length === 0) await rest.clock.settle();
    await rest.clock.settle();
    expect(rest.lines.join("")).not.toContain('"level":"error"');
    expect(rest.gateway.calls).toEqual([]);
  });

  it("that is not UTF-8 is said to be so", async () => {
    await using rest = await startRest();
    const text = new Uint8Array(Buffer.from('{"name":"\xff","endpoints":[]}', "latin1"));
    const answer = await rest.call("/v1/machines", { method: "POST", text });
    expect(await jsonOf(answer)).toMatchObject({ status: 400, detail: "The body is not valid UTF-8." });
  });

  it("is not quoted when it is not JSON", async () => {
    await using rest = await startRest();
    const answer = await rest.call("/v1/machines", { method: "POST", text: '{"password": hunter2canary}' });
    expect(await answer.text()).not.toContain("hunter2canary");
    expect(rest.lines.join("")).not.toContain("hunter2canary");
  });

  it.each([
    [{ name: "n", endpoints: [{ address: "h", adress: "x" }] }, "endpoints[0].adress"],
    [{ name: "n", endpoints: [{ address: "h" }], label: {} }, "label"],
    [
      { name: "n", endpoints: [{ address: "h", credentials: { user: "a", username: "a", password: "b" } }] },
      "endpoints[0].credentials.user",
    ],
    [{ name: "-n", endpoints: [{ address: "h" }] }, "name"],
    [{ name: "n", endpoints: [] }, "endpoints"],
    [{ name: "n", endpoints: [{ address: "https://u:p@h" }] }, "endpoints[0].address"],
    [{ name: "n", endpoints: [{ address: "ftp://h" }] }, "endpoints[0].address"],
    [{ name: "n", endpoints: [{ address: "h", tls: { mode: "pinned" } }] }, "endpoints[0].tls.fingerprint"],
    [{ name: "n", endpoints: [{ address: "h" }], labels: { "a=b": "c" } }, "labels.a=b"],
    [{ name: "n", endpoints: [{ address: "h" }], labels: { a: 1 } }, "labels.a"],
  ])("with a wrong field is refused naming it: %j", async (body, field) => {
    await using rest = await startRest();
    const problem = await jsonOf(await rest.call("/v1/machines", { method: "POST", body }));
    expect(problem).toMatchObject({ status: 400, code: "INVALID_REQUEST", context: { field } });
    expect(problem["detail"]).toContain(`\`${field}\``);
    expect(rest.gateway.calls).toEqual([]);
  });

  it.each([
    '{"name":"n","endpoints":[{"address":"h"}],"__proto__":{"polluted":true}}',
    '{"name":"n","endpoints":[{"address":"h"}],"labels":{"__proto__":"polluted"}}',
  ])("with a key named __proto__ is refused as with any unknown one: %s", async (text) => {
    await using rest = await startRest();
    const answer = await rest.call("/v1/machines", { method: "POST", text });
    expect(await jsonOf(answer)).toMatchObject({ status: 400, context: { field: "__proto__" } });
    expect(rest.gateway.calls).toEqual([]);
  });
});

describe("an address", () => {
  it.each(["/", "/v1", "/v1/nothing", "/v2/machines", "/V1/machines", "/m/abcdefghijklmnopqrstuvwxyz/x.iso"])(
    "that is not ours is not found: %s",
    async (path) => {
      await using rest = await startRest();
      expect(await jsonOf(await rest.call(path, { role: undefined }))).toMatchObject({
        status: 404,
        code: "NOT_FOUND",
      });
    },
  );

  it("that is badly percent-encoded is the caller's mistake", async () => {
    await using rest = await startRest();
    expect(await jsonOf(await rest.call("/v1/machines/%zz"))).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  });

  it("refuses a query that it does not know, naming it", async () => {
    await using rest = await startRest();
    const answer = await rest.call("/v1/machines/node1?forse=true", { method: "DELETE" });
    expect(await jsonOf(answer)).toMatchObject({ status: 400, context: { field: "forse" } });
    expect(rest.gateway.calls).toEqual([]);
  });

  it.each([
    ["/v1/machines", "PUT", "GET, POST, HEAD, OPTIONS"],
    ["/v1/machines/node1", "POST", "GET, PATCH, DELETE, HEAD, OPTIONS"],
    ["/v1/operations/o-1/cancel", "GET", "POST, OPTIONS"],
    ["/healthz", "DELETE", "GET, HEAD, OPTIONS"],
  ])("%s answers %s with the methods that it has", async (path, method, allow) => {
    await using rest = await startRest();
    const answer = await rest.call(path, { method, role: undefined });
    expect(answer.headers.get("allow")).toBe(allow);
    expect(await jsonOf(answer)).toMatchObject({ status: 405, code: "METHOD_NOT_ALLOWED" });
    const options = await rest.call(path, { method: "OPTIONS", role: undefined });
    expect([options.status, options.headers.get("allow")]).toEqual([204, allow]);
  });

  it("answers HEAD as GET, without the body", async () => {
    await using rest = await startRest();
    const answer = await rest.call("/v1/machines/node1", { method: "HEAD" });
    expect(answer.status).toBe(200);
    expect(Number(answer.headers.get("content-length"))).toBeGreaterThan(100);
    expect(await answer.text()).toBe("");
  });
});

describe("a key for idempotency", () => {
  it.each(["", "a b", '"a', "x".repeat(256), "ä"])("that is not one is refused: %j", async (key) => {
    await using rest = await startRest();
    const call = { method: "DELETE", headers: { "idempotency-key": key } };
    expect(await jsonOf(await rest.call(attachments, call))).toMatchObject({
      status: 400,
      context: { field: "Idempotency-Key" },
    });
    expect(rest.gateway.calls).toEqual([]);
  });

  it("is the same with quotes and without", async () => {
    await using rest = await startRest();
    await rest.call(attachments, { method: "DELETE", headers: { "idempotency-key": '"k-1"' } });
    expect(rest.gateway.calls.at(-1)?.at(-1)).toMatchObject({ idempotencyKey: "k-1" });
  });
});

describe("every answer", () => {
  it.each(["/healthz", "/v1/machines", "/nothing", "/docs"])("carries the headers of caution: %s", async (path) => {
    await using rest = await startRest();
    const { headers } = await rest.call(path);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'/);
    expect(headers.get("content-security-policy")).not.toMatch(/unsafe|https?:|\*/);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.has("x-powered-by")).toBe(false);
    expect(headers.has("etag")).toBe(false);
  });
});
