// Large bodies share a bound: what is over it is refused before it is read, in a way that reaches the client, and what is held is given back.
import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import type { Role } from "../../src/core/vocabulary.ts";
import { jsonOf, startRest, type TestRest, tokenOf } from "../tools/rest.ts";

const mebibyte = 1024 * 1024;
const attachments = "/v1/machines/node1/attachments";
const bounded = { settings: { mostBodyBytes: 5 * mebibyte } };

const textOf = (sizeBytes: number): string => {
  const frame = JSON.stringify({ source: { base64: "" } }).length;
  return JSON.stringify({ source: { base64: "A".repeat(sizeBytes - frame) } });
};

interface Begun {
  readonly sent: ClientRequest;
  readonly answer: Promise<IncomingMessage>;
}

/** The headers and a first byte of a body, which the test goes on with. */
const begin = (
  rest: TestRest,
  { path = attachments, sizeBytes, role = "operator" }: { path?: string; sizeBytes?: number; role?: Role | null },
): Begun => {
  const sent = request(`${rest.url}${path}`, {
    method: "POST",
    headers: {
      ...(role !== null && { authorization: `Bearer ${tokenOf(role)}` }),
      "content-type": "application/json",
      ...(sizeBytes === undefined ? { "transfer-encoding": "chunked" } : { "content-length": sizeBytes }),
    },
  });
  onTestFinished(() => void sent.destroy());
  const answer = once(sent, "response").then(([response]: IncomingMessage[]) => {
    if (response === undefined) throw new Error("There is no answer.");
    return response;
  });
  // What was destroyed has no answer.
  answer.catch(() => undefined);
  sent.on("error", () => undefined);
  sent.write("{");
  return { sent, answer };
};

const asked = async (rest: TestRest, times: number): Promise<void> => {
  while (rest.tokens.asked.length < times) await rest.clock.settle();
  await rest.clock.settle();
};

const logged = async (rest: TestRest, times: number): Promise<void> => {
  while (rest.lines.filter((line) => line.includes('"msg":"request"')).length < times) await rest.clock.settle();
};

const post = (rest: TestRest, sizeBytes: number, path = attachments): Promise<Response> =>
  rest.call(path, { method: "POST", text: textOf(sizeBytes) });

describe("large bodies together", () => {
  it("are refused over their bound by their length alone, with the time to come again", async () => {
    await using rest = await startRest(bounded);
    begin(rest, { sizeBytes: 3 * mebibyte });
    await asked(rest, 1);
    const answer = await begin(rest, { sizeBytes: 3 * mebibyte }).answer;
    expect([answer.statusCode, answer.headers["retry-after"], answer.headers.connection]).toEqual([429, "5", "close"]);
    expect(rest.gateway.calls.filter(([method]) => method === "attach")).toEqual([]);
  });

  it("get the refusal to a client that sends all before it listens", async () => {
    await using rest = await startRest({ settings: { mostBodyBytes: 2 * mebibyte } });
    const socket = connect(Number(new URL(rest.url).port), "127.0.0.1");
    const head = [
      `POST ${attachments} HTTP/1.1`,
      "Host: gateway",
      `Authorization: Bearer ${tokenOf("operator")}`,
      "Content-Type: application/json",
      `Content-Length: ${64 * mebibyte}`,
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n`);
    for (let piece = 0; piece < 64; piece += 1) if (!socket.write(Buffer.alloc(mebibyte))) await once(socket, "drain");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 429 .*RATE_LIMITED/s);
  });

  it("get the refusal to a client such as our command line", async () => {
    await using rest = await startRest(bounded);
    for (let times = 0; times < 5; times += 1)
      expect(await jsonOf(await post(rest, 64 * mebibyte))).toMatchObject({ code: "RATE_LIMITED" });
  });

  it("are counted as they come where their length is not said", async () => {
    await using rest = await startRest(bounded);
    begin(rest, { sizeBytes: 3 * mebibyte });
    await asked(rest, 1);
    const { sent, answer } = begin(rest, {});
    sent.write("x".repeat(mebibyte));
    await asked(rest, 2);
    // Never ended: only the bound can answer.
    sent.write("x".repeat(2 * mebibyte));
    expect((await answer).statusCode).toBe(429);
  });

  it("leave the small ones alone", async () => {
    await using rest = await startRest({ settings: { mostBodyBytes: 1 } });
    expect((await post(rest, mebibyte)).status).toBe(202);
    expect((await post(rest, mebibyte + 1)).status).toBe(429);
  });

  it.each([
    ["was done", 202, undefined],
    ["was refused", 409, new MediabayError("SLOT_OCCUPIED", "A medium is in the slot.")],
    ["met a defect", 500, new TypeError("oops")],
  ])("give back their part when the request %s", async (_end, status, failure) => {
    await using rest = await startRest(bounded);
    rest.gateway.fail("attach", failure);
    for (let times = 0; times < 3; times += 1) expect((await post(rest, 4 * mebibyte)).status).toBe(status);
  });

  it("give back their part when they are not valid", async () => {
    await using rest = await startRest(bounded);
    for (let times = 0; times < 3; times += 1) {
      const answer = await rest.call(attachments, { method: "POST", text: "x".repeat(4 * mebibyte) });
      expect(answer.status).toBe(400);
    }
  });

  it("give back their part when the client goes away", async () => {
    await using rest = await startRest(bounded);
    const { sent } = begin(rest, { sizeBytes: 4 * mebibyte });
    await asked(rest, 1);
    expect((await post(rest, 4 * mebibyte)).status).toBe(429);
    sent.destroy();
    await logged(rest, 2);
    await rest.clock.settle();
    expect((await post(rest, 4 * mebibyte)).status).toBe(202);
  });

  it("give back what they took as they came when the client goes away", async () => {
    await using rest = await startRest(bounded);
    const { sent } = begin(rest, {});
    sent.write("x".repeat(3 * mebibyte));
    await asked(rest, 1);
    let status = 202;
    while (status === 202) ({ status } = await post(rest, 4 * mebibyte));
    sent.destroy();
    while (status === 429) ({ status } = await post(rest, 4 * mebibyte));
    expect(status).toBe(202);
  });

  it("hold their part as long as the request is handled", async () => {
    await using rest = await startRest(bounded);
    const waiting = rest.call(attachments, {
      method: "POST",
      text: textOf(4 * mebibyte),
      headers: { prefer: "wait=60" },
    });
    while (rest.gateway.operations.size === 0) await rest.clock.settle();
    expect((await post(rest, 4 * mebibyte)).status).toBe(429);
    rest.gateway.end("o-1", "succeeded");
    expect((await waiting).status).toBe(200);
    expect((await post(rest, 4 * mebibyte)).status).toBe(202);
  });
});

describe("before the body is read", () => {
  const sizeBytes = 80 * mebibyte;

  it.each([
    ["without a token", attachments, null, 401],
    ["without the role", attachments, "reader", 403],
    ["for a machine that is not there", "/v1/machines/none/attachments", "operator", 404],
    ["for an attachment that is not there", "/v1/attachments/a-9/replace", "operator", 404],
  ] as const)("who asks %s is refused", async (_what, path, role, status) => {
    await using rest = await startRest();
    const { answer } = begin(rest, { path, sizeBytes, role });
    // Never ended: who reads it first does not answer.
    expect((await answer).statusCode).toBe(status);
  });

  it("a machine that is not there is named", async () => {
    await using rest = await startRest();
    expect(await jsonOf(await post(rest, 2 * mebibyte, "/v1/machines/none/attachments"))).toMatchObject({
      code: "MACHINE_NOT_FOUND",
      context: { machine: "none" },
    });
  });
});
