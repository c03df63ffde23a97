// `Prefer: wait=N`: the answer waits for the operation's end, for so long, and no longer than anybody listens.
import { describe, expect, it } from "vitest";
import { parseWaitSeconds } from "../../src/rest/prefer.ts";
import { jsonOf, startRest } from "../tools/rest.ts";
import type { TestRest } from "../tools/rest.ts";

const attachments = "/v1/machines/node1/attachments";
const body = { source: { uri: "http://origin.example/c.iso" } };

/** Begins an attach that waits, and answers once the gateway is being waited on. */
const attachWaiting = async (rest: TestRest, prefer: string, signal?: AbortSignal) => {
  const answer = rest.call(attachments, { method: "POST", body, headers: { prefer }, ...(signal && { signal }) });
  // An aborted call rejects before anybody awaits it.
  answer.catch(() => undefined);
  while (!rest.gateway.calls.some(([method]) => method === "waitOperation")) await rest.clock.settle();
  return { answer };
};

describe("parsing", () => {
  it.each([
    ["wait=10", 10],
    ["respond-async, wait=5", 5],
    ['Wait = "7"; x=y', 7],
    ["wait=601", 600],
    ["wait=0", 0],
    ["wait=1, wait=2", 1],
    ["wait", undefined],
    ["wait=-1", undefined],
    ["wait=1.5", undefined],
    ["await=3", undefined],
    [undefined, undefined],
  ])("%j asks for %j seconds", (header, seconds) => {
    expect(parseWaitSeconds(header)).toBe(seconds);
  });
});

describe("waiting", () => {
  it("answers 200 with the final records when the operation succeeds in time", async () => {
    await using rest = await startRest();
    const { answer } = await attachWaiting(rest, "wait=30");
    rest.gateway.end("o-1", "succeeded");
    const done = await answer;
    expect([done.status, done.headers.get("preference-applied")]).toEqual([200, "wait=30"]);
    expect(done.headers.get("location")).toBe("/v1/operations/o-1");
    expect(await jsonOf(done)).toMatchObject({
      operation: { state: "succeeded" },
      attachment: { state: "attached" },
      created: true,
    });
    expect(rest.gateway.calls).toContainEqual(["waitOperation", "o-1", 30_000]);
  });

  it("answers the operation's error as a problem, with the operation, when it fails", async () => {
    await using rest = await startRest();
    const { answer } = await attachWaiting(rest, "wait=30");
    rest.gateway.end("o-1", "failed", {
      code: "BMC_UNREACHABLE",
      message: "No answer from https://root:calvin@bmc.example.",
      hint: "Look.",
      context: { machine: "node1" },
    });
    const failed = await answer;
    expect(failed.headers.get("content-type")).toBe("application/problem+json");
    expect(failed.headers.get("location")).toBe("/v1/operations/o-1");
    expect(await jsonOf(failed)).toMatchObject({
      status: 502,
      code: "BMC_UNREACHABLE",
      detail: "No answer from https://******@bmc.example.",
      context: { machine: "node1" },
      operation: { id: "o-1", state: "failed" },
    });
  });

  it.each([
    ["cancelled", 409, "CANCELLED"],
    ["failed", 500, "INTERNAL"],
  ] as const)("answers a %s operation without a cause as %i %s", async (state, status, code) => {
    await using rest = await startRest();
    const { answer } = await attachWaiting(rest, "wait=30");
    rest.gateway.end("o-1", state);
    expect(await jsonOf(await answer)).toMatchObject({ status, code, operation: { state } });
  });

  it("answers 202 when the time is over", async () => {
    await using rest = await startRest();
    const { answer } = await attachWaiting(rest, "wait=2");
    await rest.clock.advance(2000);
    const accepted = await answer;
    expect([accepted.status, accepted.headers.get("preference-applied")]).toEqual([202, null]);
    expect(await jsonOf(accepted)).toMatchObject({ operation: { state: "queued" } });
  });

  it("answers 202 at once when the server closes", async () => {
    await using rest = await startRest();
    const { answer } = await attachWaiting(rest, "wait=600");
    rest.close();
    expect((await answer).status).toBe(202);
  });

  it("stops when the client goes, and that is no defect", async () => {
    await using rest = await startRest();
    const stop = new AbortController();
    await attachWaiting(rest, "wait=600", stop.signal);
    stop.abort();
    while (!rest.lines.some((line) => line.includes('"cut":true'))) await rest.clock.settle();
    while (rest.clock.sleeping > 0) await rest.clock.settle();
    expect(rest.lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });

  it("does not wait without the preference", async () => {
    await using rest = await startRest();
    expect((await rest.call(attachments, { method: "POST", body, headers: { prefer: "wait=0" } })).status).toBe(202);
    expect(rest.gateway.calls.map(([method]) => method)).toEqual(["attach"]);
  });

  it("for a cancellation is over with any end, and each end is success", async () => {
    await using rest = await startRest();
    await rest.call(attachments, { method: "POST", body });
    const answer = rest.call("/v1/operations/o-1/cancel", { method: "POST", headers: { prefer: "wait=9" } });
    while (rest.gateway.calls.at(-1)?.[0] !== "waitOperation") await rest.clock.settle();
    rest.gateway.end("o-1", "cancelled");
    const cancelled = await answer;
    expect(cancelled.status).toBe(200);
    expect(await jsonOf(cancelled)).toMatchObject({ id: "o-1", state: "cancelled" });
  });
});
