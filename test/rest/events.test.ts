// Event streams: replay and live without gap or repetition, heart-beats, ends, and no more memory than a page.
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { jsonOf, startRest, tokenOf } from "../tools/rest.ts";
import type { TestRest } from "../tools/rest.ts";
import { readEvents, takeEvents } from "../tools/sse.ts";

const begin = async (rest: TestRest): Promise<void> => {
  const body = { source: { uri: "http://origin.example/c.iso" } };
  await rest.call("/v1/machines/node1/attachments", { method: "POST", body });
};

const seqs = (events: readonly { readonly id?: string }[]): number[] => events.map(({ id }) => Number(id));

const gone = async (rest: TestRest): Promise<void> => {
  while (rest.gateway.subscribers > 0 || rest.clock.sleeping > 0) await rest.clock.settle();
};

describe("an operation's stream", () => {
  it("begins with the first event, goes on live, and ends when the operation has", async () => {
    await using rest = await startRest();
    await begin(rest);
    await begin(rest);
    for (let n = 0; n < 5; n += 1) rest.gateway.emit("o-1", "step", { n });
    rest.gateway.emit("o-2", "warning", { text: "of another operation" });
    const answer = await rest.call("/v1/operations/o-1/events");
    expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const events = readEvents(answer);
    expect(await takeEvents(events, 5)).toEqual(
      [0, 1, 2, 3, 4].map((n) => ({
        id: String(n + 1),
        event: "step",
        data: { operationId: "o-1", at: "2026-01-01T00:00:00.000Z", data: { n } },
      })),
    );
    rest.gateway.emit("o-1", "progress", { receivedBytes: 10 });
    expect(seqs(await takeEvents(events, 1))).toEqual([7]);
    rest.gateway.end("o-1", "succeeded");
    expect(await takeEvents(events, 2)).toEqual([
      { id: "8", event: "state", data: expect.objectContaining({ data: { state: "succeeded" } }) },
      { event: "end", data: { operationId: "o-1", at: "2026-01-01T00:00:00.000Z", data: { state: "succeeded" } } },
    ]);
    expect((await events.next()).done).toBe(true);
    await gone(rest);
  });

  it("resumes after Last-Event-ID", async () => {
    await using rest = await startRest();
    await begin(rest);
    for (let n = 0; n < 8; n += 1) rest.gateway.emit("o-1", "step");
    rest.gateway.end("o-1", "failed");
    const answer = await rest.call("/v1/operations/o-1/events", { headers: { "last-event-id": "6" } });
    const events = await takeEvents(readEvents(answer), 4);
    expect(events.map(({ id, event }) => [id, event])).toEqual([
      ["7", "step"],
      ["8", "step"],
      ["9", "state"],
      [undefined, "end"],
    ]);
  });

  it("of an operation that is not there is not found", async () => {
    await using rest = await startRest();
    const answer = await rest.call("/v1/operations/o-9/events");
    expect(await jsonOf(answer)).toMatchObject({ status: 404, code: "NOT_FOUND" });
    await gone(rest);
  });

  it.each(["x", "-1", "1.5", "9".repeat(16)])("does not resume after %j", async (id) => {
    await using rest = await startRest();
    await begin(rest);
    const answer = await rest.call("/v1/operations/o-1/events", { headers: { "last-event-id": id } });
    expect(await jsonOf(answer)).toMatchObject({ status: 400, context: { field: "Last-Event-ID" } });
  });

  it("misses and repeats nothing, however it is broken off and resumed while events pour in", async () => {
    await using rest = await startRest();
    await begin(rest);
    const pour = (async () => {
      for (let n = 0; n < 200; n += 1) {
        rest.gateway.emit("o-1", "progress", { n });
        if (n % 3 === 0) await rest.clock.settle(1);
      }
      rest.gateway.end("o-1", "succeeded");
    })();
    const seen: number[] = [];
    for (let run = 0; run < 10; run += 1) {
      const stop = new AbortController();
      const headers = { "last-event-id": String(seen.at(-1) ?? 0) };
      const events = readEvents(await rest.call("/v1/operations/o-1/events", { headers, signal: stop.signal }));
      seen.push(...seqs(await takeEvents(events, 20)));
      stop.abort();
    }
    await pour;
    expect(seen).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
    await gone(rest);
  });
});

describe("the stream of everything", () => {
  it("begins now, without what was before", async () => {
    await using rest = await startRest();
    for (let n = 0; n < 4; n += 1) rest.gateway.emit("o-1", "step");
    const events = readEvents(await rest.call("/v1/events"));
    rest.gateway.emit("o-1", "step");
    rest.gateway.emit("o-2", "warning");
    expect(seqs(await takeEvents(events, 2))).toEqual([5, 6]);
  });

  it("begins anywhere with Last-Event-ID, and does not end with an operation", async () => {
    await using rest = await startRest();
    await begin(rest);
    for (let n = 0; n < 4; n += 1) rest.gateway.emit("o-1", "step");
    rest.gateway.end("o-1", "succeeded");
    const events = readEvents(await rest.call("/v1/events", { headers: { "last-event-id": "0" } }));
    expect(seqs(await takeEvents(events, 5))).toEqual([1, 2, 3, 4, 5]);
    rest.gateway.emit("o-7", "step");
    expect(seqs(await takeEvents(events, 1))).toEqual([6]);
  });
});

describe("a stream", () => {
  it("sends a comment after every fifteen seconds of silence", async () => {
    await using rest = await startRest();
    const events = readEvents(await rest.call("/v1/events"));
    for (let beat = 0; beat < 3; beat += 1) {
      while (rest.clock.sleeping === 0) await rest.clock.settle();
      await rest.clock.advance(15_000);
      expect(await takeEvents(events, 1)).toEqual([{ comment: "heart-beat" }]);
    }
  });

  it("notices at a heart-beat that its operation has ended unannounced", async () => {
    await using rest = await startRest();
    await begin(rest);
    const events = readEvents(await rest.call("/v1/operations/o-1/events"));
    const operation = rest.gateway.operations.get("o-1");
    while (rest.clock.sleeping === 0) await rest.clock.settle();
    if (operation) rest.gateway.operations.set("o-1", { ...operation, state: "failed" });
    await rest.clock.advance(15_000);
    expect((await takeEvents(events, 2)).map(({ event, comment }) => event ?? comment)).toEqual(["heart-beat", "end"]);
  });

  it("ends when the server closes", async () => {
    await using rest = await startRest();
    const events = readEvents(await rest.call("/v1/events"));
    rest.close();
    expect((await events.next()).done).toBe(true);
    await gone(rest);
  });

  it("is let go when the client goes", async () => {
    await using rest = await startRest();
    const stop = new AbortController();
    await rest.call("/v1/events", { signal: stop.signal });
    expect(rest.gateway.subscribers).toBe(1);
    stop.abort();
    await gone(rest);
    expect(rest.lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });

  it("shows only its headers to HEAD", async () => {
    await using rest = await startRest();
    const answer = await rest.call("/v1/events", { method: "HEAD" });
    expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    await gone(rest);
  });

  it("is cut when the store fails under it", async () => {
    await using rest = await startRest();
    await begin(rest);
    const events = readEvents(await rest.call("/v1/operations/o-1/events"));
    rest.gateway.fail("events", new Error("disk"));
    rest.gateway.emit("o-1", "step");
    await expect(events.next()).rejects.toThrow("terminated");
    await gone(rest);
  });

  it("is one too many beyond the bound, until another has gone", async () => {
    await using rest = await startRest({ settings: { mostStreams: 1 } });
    const stop = new AbortController();
    await rest.call("/v1/events", { signal: stop.signal });
    expect(await jsonOf(await rest.call("/v1/events"))).toMatchObject({ status: 429, code: "RATE_LIMITED" });
    stop.abort();
    await gone(rest);
    expect((await rest.call("/v1/events")).status).toBe(200);
  });

  it("reads no further ahead than a client that does not read, and cuts it after a minute", async () => {
    await using rest = await startRest();
    const big = "x".repeat(256 * 1024);
    for (let n = 0; n < 300; n += 1) rest.gateway.emit("o-1", "progress", { big });
    const socket = connect(Number(new URL(rest.url).port), "127.0.0.1");
    socket.pause();
    socket.write(
      `GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokenOf("reader")}\r\nLast-Event-ID: 0\r\n\r\n`,
    );
    while (rest.clock.sleeping === 0) await rest.clock.settle();
    await rest.clock.settle(200);
    const pages = rest.gateway.calls.filter(([method]) => method === "events").length;
    // 300 events of 256 KiB would be 100 pages: the kernel's buffers take a part of them at most.
    expect(pages).toBeLessThan(60);
    const closed = once(socket, "close");
    socket.on("error", () => undefined);
    await rest.clock.advance(60_000);
    socket.resume();
    await closed;
    await gone(rest);
  });
});
