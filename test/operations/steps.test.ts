import { afterEach, describe, expect, it } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import type { OperationHandler } from "../../src/core/ports.ts";
import { type BenchOptions, openOperations, type OperationsBench, stepStates } from "../tools/operations-bench.ts";

let bench: OperationsBench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});
const open = async (handler: OperationHandler, options?: BenchOptions): Promise<OperationsBench> => {
  bench = await openOperations(handler, options);
  return bench;
};

const busy = (context = {}): MediabayError => new MediabayError("BMC_BUSY", "busy", context);

/** Fails so many times with `error`, then succeeds; says when it was tried. */
const flaky = (failures: number, error: () => Error, times: number[] = []): OperationHandler => {
  return async ({ step }) =>
    step("try", "Try", async ({ attempt }) => {
      times.push(bench?.clock.now() ?? 0);
      expect(attempt).toBe(times.length);
      if (times.length <= failures) throw error();
      return "done";
    });
};

const gaps = (times: readonly number[]): readonly number[] =>
  times.slice(1).map((at, index) => at - (times[index] ?? 0));

describe("steps", () => {
  it("run in order, once each, and their outputs and the result are kept", async () => {
    const ran: string[] = [];
    const { run, store } = await open(async ({ step, input, operation, resumed }) => {
      const one = await step("one", "First", async () => {
        ran.push("one");
        return { value: 1 };
      });
      const two = await step("two", "Second", async () => {
        ran.push("two");
        return one.value + 1;
      });
      return { one, two, input, kind: operation.kind, resumed };
    });
    const ended = await run("op1");
    expect(ended).toMatchObject({
      state: "succeeded",
      result: { one: { value: 1 }, two: 2, input: { say: "op1" }, kind: "attach", resumed: false },
    });
    expect(stepStates(ended)).toEqual([
      ["one", "done", 1],
      ["two", "done", 1],
    ]);
    expect(ran).toEqual(["one", "two"]);
    expect((await store.journal.get("op1")).steps.map((step) => step.title)).toEqual(["First", "Second"]);
  });

  it("answer their output when they are asked for again", async () => {
    let ran = 0;
    const handler: OperationHandler = async ({ step }) => {
      const count = (): Promise<number> => step("count", "Count", async () => (ran += 1));
      return [await count(), await count()];
    };
    expect((await (await open(handler)).run("op1")).result).toEqual([1, 1]);
  });

  it("may have nothing to say", async () => {
    const { run } = await open(async ({ step }) => {
      await step("quiet", "Quiet", async () => undefined);
      return null;
    });
    expect(await run("op1")).toMatchObject({ state: "succeeded", result: null });
  });

  it("of one name cannot run twice at once", async () => {
    const { run } = await open(async ({ step, signal }) => {
      const twice = (): Promise<null> => step("x", "X", async () => (signal.aborted ? null : null));
      await Promise.all([twice(), twice()]);
      return null;
    });
    expect(await run("op1")).toMatchObject({ state: "failed", error: { code: "INTERNAL" } });
  });

  it("report progress and warnings as events", async () => {
    const { run, store } = await open(async ({ step, warn }) => {
      await step("load", "Load", async ({ progress }) => {
        progress({ receivedBytes: 5 });
        progress("half-way");
        return null;
      });
      warn("careful");
      return null;
    });
    await run("op1");
    const events = await store.journal.events(0, "op1");
    expect(events.filter((event) => event.type === "progress").map((event) => event.data)).toEqual([
      { step: "load", receivedBytes: 5 },
      { step: "load", text: "half-way" },
    ]);
    expect(events.find((event) => event.type === "warning")?.data).toEqual({ text: "careful" });
  });
});

describe("retries", () => {
  it("wait 1, 2, 4 and 8 seconds, and end after the fifth attempt with the error", async () => {
    const times: number[] = [];
    const { run } = await open(flaky(9, busy, times));
    const ended = await run("op1");
    expect(ended).toMatchObject({ state: "failed", error: { code: "BMC_BUSY" } });
    expect(gaps(times)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(stepStates(ended)).toEqual([["try", "failed", 5]]);
  });

  it("never wait longer than the cap", async () => {
    const times: number[] = [];
    const { run } = await open(flaky(9, busy, times), { policy: { maxAttempts: 8 } });
    await run("op1");
    expect(gaps(times)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it("succeed as soon as the step does", async () => {
    const { run } = await open(flaky(2, busy));
    const ended = await run("op1");
    expect(ended).toMatchObject({ state: "succeeded", result: "done", steps: [{ state: "done", attempts: 3 }] });
    expect(ended.steps[0]).not.toHaveProperty("error");
  });

  it("wait as long as the BMC asks, within reason", async () => {
    const times: number[] = [];
    const delays = [50, 7_000, 86_400_000];
    const { run } = await open(flaky(3, () => busy({ retryAfterMs: delays[times.length - 1] }), times));
    await run("op1");
    expect(gaps(times)).toEqual([50, 7_000, 120_000]);
  });

  it("are not made for errors that no retry helps", async () => {
    for (const code of ["BMC_REJECTED", "BMC_UNREACHABLE"] as const) {
      const { run, close } = await openOperations(flaky(1, () => new MediabayError(code, "no")));
      expect(await run("op1")).toMatchObject({ state: "failed", error: { code }, steps: [{ attempts: 1 }] });
      await close();
    }
  });

  it("are not begun when the deadline would pass meanwhile: the error tells more than the deadline would", async () => {
    const times: number[] = [];
    const { run, clock } = await open(flaky(9, busy, times));
    const ended = await run("op1", { deadlineAt: clock.now() + 5_000 });
    expect(ended.error?.code).toBe("BMC_BUSY");
    expect(gaps(times)).toEqual([1_000, 2_000]);
  });
});

describe("unexpected errors", () => {
  it("become INTERNAL, and only the log has their cause", async () => {
    const defect = new TypeError("canary is not a function");
    for (const where of ["step", "handler"]) {
      const { run, log, close } = await openOperations(async ({ step }) => {
        if (where === "handler") throw defect;
        return step("x", "X", () => Promise.reject(defect));
      });
      const ended = await run("op1");
      expect(ended).toMatchObject({ state: "failed", error: { code: "INTERNAL" } });
      expect(JSON.stringify(ended)).not.toContain("canary");
      expect(log.filter((line) => line.level === "error")).toMatchObject([
        { fields: { operation: "op1", err: defect } },
      ]);
      await close();
    }
  });

  it("are told from those thrown before any promise", async () => {
    const { run } = await open(() => {
      throw new RangeError("at once");
    });
    expect(await run("op1")).toMatchObject({ state: "failed", error: { code: "INTERNAL" } });
  });

  it("of a step that nobody waits for end in no unhandled rejection", async () => {
    const { run } = await open(async ({ step }) => {
      void step("lost", "Lost", () => Promise.reject(new MediabayError("BMC_REJECTED", "no")));
      return "fine";
    });
    expect(await run("op1")).toMatchObject({ state: "succeeded", steps: [{ state: "failed" }] });
  });
});
