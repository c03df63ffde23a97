// POST /v1/record: the files as JSON, or with their progress as events; a failure is a problem in both.
import { describe, expect, test } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import { jsonOf, startRest } from "../tools/rest.ts";
import { readEvents, takeEvents } from "../tools/sse.ts";

const body = { machine: "node1" };
const events = { accept: "text/event-stream" };

describe("a recording", () => {
  test("is answered as JSON", async () => {
    await using rest = await startRest();
    const answer = await rest.call("/v1/record", { method: "POST", body });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"]);
    expect(await jsonOf(answer)).toMatchObject({ files: { "PROVENANCE.md": "# Example\n" }, resources: 2 });
    expect(rest.gateway.calls).toContainEqual(["record", body]);
  });

  test("tells its progress to whoever asks for events", async () => {
    await using rest = await startRest();
    const answer = await rest.call("/v1/record", { method: "POST", body, headers: events });
    expect(answer.headers.get("content-type")).toMatch(/^text\/event-stream/u);
    const told = await takeEvents(readEvents(answer), 3);
    expect(told.map(({ event }) => event)).toEqual(["progress", "progress", "recorded"]);
    expect(told.map(({ data }) => data)).toMatchObject([{ read: 1, left: 1 }, { read: 2, left: 0 }, { resources: 2 }]);
  });

  test("that fails before it began is a problem with its own status", async () => {
    await using rest = await startRest();
    rest.gateway.fail("record", new MediabayError("BMC_UNREACHABLE", "Nobody answers."));
    const answer = await rest.call("/v1/record", { method: "POST", body, headers: events });
    expect(answer.status).toBe(502);
    expect(await jsonOf(answer)).toMatchObject({ code: "BMC_UNREACHABLE" });
  });

  test("that fails in the middle ends with the event problem", async () => {
    await using rest = await startRest();
    rest.gateway.record = async (_target, { onProgress }) => {
      onProgress?.(1, 5);
      throw new MediabayError("BMC_TIMEOUT", "No answer from https://root:canary-pass@bmc/ in time.");
    };
    const answer = await rest.call("/v1/record", { method: "POST", body, headers: events });
    const [, problem] = await takeEvents(readEvents(answer), 2);
    expect(problem).toMatchObject({ event: "problem", data: { code: "BMC_TIMEOUT", status: 504 } });
    expect(JSON.stringify(problem)).not.toContain("canary-pass");
  });

  test("is not for readers", async () => {
    await using rest = await startRest();
    expect((await rest.call("/v1/record", { method: "POST", role: "reader", body })).status).toBe(403);
  });
});
