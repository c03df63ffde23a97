// An image that is brought in ahead of time is fetched for as long as somebody waits for it.
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Answer } from "../tools/image-origin.ts";
import { originOf } from "../tools/opened-origin.ts";
import { startTestService, type TestService } from "../tools/service.ts";
import { tinyIso } from "../tools/tiny-images.ts";

const iso = tinyIso({ joliet: "config-2", content: Buffer.from("the config drive") });
let service: TestService;

beforeEach(async () => {
  service = await startTestService();
});
afterEach(() => service.close());

/** Sends half of the image, and the rest when it is told to. */
const halting = () => {
  const half = Promise.withResolvers<() => void>();
  const left = Promise.withResolvers<void>();
  const answer: Answer = (_request, response) => {
    response.on("close", () => left.resolve());
    response.writeHead(200, { "content-length": iso.length }).write(iso.subarray(0, 1000));
    half.resolve(() => response.end(iso.subarray(1000)));
  };
  return { answer, half: half.promise, left: left.promise };
};

/** The answer's status, or `gone` for a client that left. */
const ingest = (uri: string, signal: AbortSignal): Promise<number | "gone"> =>
  fetch(`${service.running.controlUrl}/v1/images`, {
    method: "POST",
    headers: { authorization: `Bearer ${service.token}`, "content-type": "application/json" },
    body: JSON.stringify({ source: { uri } }),
    signal,
  }).then(
    ({ status }) => status,
    (error: unknown) => {
      if (signal.aborted) return "gone";
      throw error;
    },
  );

const metrics = async (): Promise<string> => {
  const headers = { authorization: `Bearer ${service.token}` };
  return (await fetch(`${service.running.controlUrl}/metrics`, { headers })).text();
};

const stored = async (): Promise<unknown> => (await service.call("GET", "/v1/images")).body["items"];

test("the fetch ends when the only client that waits for it goes", async () => {
  const halt = halting();
  const origin = await originOf(halt.answer);
  const client = new AbortController();
  const left = ingest(origin.url, client.signal);
  await halt.half;
  client.abort();
  expect(await left).toBe("gone");
  await halt.left;
  expect(await stored()).toEqual([]);
});

test("the fetch goes on when another client waits for the same image", async () => {
  const halt = halting();
  const origin = await originOf(halt.answer);
  const client = new AbortController();
  const left = ingest(origin.url, client.signal);
  const finish = await halt.half;
  const stays = ingest(origin.url, AbortSignal.timeout(20_000));
  await expect.poll(metrics).toMatch(/downloads?_total\{outcome="joined"\} 1\n/);
  client.abort();
  expect(await left).toBe("gone");
  // The gateway knows of who left by the time that it answers who came later.
  expect(await stored()).toEqual([]);
  finish();
  expect(await stays).toBe(201);
  expect(origin.asked.length).toBe(1);
  expect(await stored()).toHaveLength(1);
});
