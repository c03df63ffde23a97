// Whether an image was read at all, which a reset's success hangs on.
import { expect, test } from "vitest";
import type { Publications } from "../../src/core/ports.ts";
import type { ReadSummary } from "../../src/core/records.ts";
import { waitUntilRead } from "../../src/gateway/watch.ts";
import { createHastyClock } from "../tools/hasty-clock.ts";

const nothing: ReadSummary = { requests: 0, bytesSent: 0, coveredBytes: 0, coverage: [], remotes: [] };

const watch = (reads: ReadSummary): Promise<unknown> =>
  waitUntilRead(
    { clock: createHastyClock(), publications: { reads: async () => reads } as unknown as Publications },
    "a1",
    { withinMs: 1000, signal: new AbortController().signal, progress: () => undefined },
  );

test("a read by the BMC is one", async () => {
  const strangers = { requests: 9, bytesSent: 9, remotes: ["10.0.0.9"] };
  const read = { ...nothing, requests: 2, coveredBytes: 512, strangers };
  expect(await watch(read)).toEqual({ requests: 2, coveredBytes: 512 });
});

test("a read from another address alone is one too, and that address is named: the BMC may be behind NAT", async () => {
  const strangers = { requests: 3, bytesSent: 512, remotes: ["10.0.0.9"] };
  expect(await watch({ ...nothing, strangers })).toEqual({ requests: 3, coveredBytes: 0, strangers: ["10.0.0.9"] });
});

test("nothing read in time is a failure with a name, and so is what sent no bytes", async () => {
  await expect(watch(nothing)).rejects.toMatchObject({ code: "MEDIUM_NOT_READ" });
  const strangers = { requests: 3, bytesSent: 0, remotes: ["10.0.0.9"] };
  await expect(watch({ ...nothing, requests: 1, strangers })).rejects.toMatchObject({ code: "MEDIUM_NOT_READ" });
});
