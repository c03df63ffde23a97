import { afterEach, describe, expect, it } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import type { OperationHandler } from "../../src/core/ports.ts";
import { openOperations, type OperationsBench, stepStates, untilAborted } from "../tools/operations-bench.ts";

let bench: OperationsBench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});
const open = async (handler: OperationHandler): Promise<OperationsBench> => {
  bench = await openOperations(handler);
  return bench;
};

const refused = (): MediabayError => new MediabayError("BMC_REJECTED", "no");

describe("compensation", () => {
  it("undoes what was done or begun in reverse, each with its output, and skips what has no undo", async () => {
    const undone: unknown[] = [];
    const note = (name: string) => async (output: unknown) => {
      undone.push([name, output]);
    };
    const { run, store } = await open(async ({ step }) => {
      await step("one", "One", async () => ({ n: 1 }), note("one"));
      await step("plain", "Plain", async () => "x");
      await step("two", "Two", async () => 2, note("two"));
      await step("three", "Three", () => Promise.reject(refused()), note("three"));
      return null;
    });
    const ended = await run("op1");
    expect(undone).toEqual([
      ["three", undefined],
      ["two", 2],
      ["one", { n: 1 }],
    ]);
    expect(ended).toMatchObject({ state: "failed", error: { code: "BMC_REJECTED" } });
    expect(stepStates(ended)).toEqual([
      ["one", "undone", 1],
      ["plain", "done", 1],
      ["two", "undone", 1],
      ["three", "undone", 1],
    ]);
    const states = (await store.journal.events(0, "op1")).filter((event) => event.type === "state");
    expect(states.map((event) => event.data)).toMatchObject([
      { state: "queued" },
      { state: "running" },
      { state: "compensating", error: { code: "BMC_REJECTED" } },
      { state: "failed" },
    ]);
  });

  it("releases what was deferred once, after the last undo and before the end, and ends as it would when that fails", async () => {
    const order: string[] = [];
    const { run, log } = await open(async ({ step, defer }) => {
      defer(async () => void order.push("released"));
      defer(() => Promise.reject(refused()));
      await step(
        "one",
        "One",
        async () => null,
        async () => void order.push("undone"),
      );
      throw refused();
    });
    expect(await run("op1")).toMatchObject({ state: "failed", error: { code: "BMC_REJECTED" } });
    expect(order).toEqual(["undone", "released"]);
    expect(log.filter(({ message }) => message === "releasing failed")).toHaveLength(1);
  });

  it("leaves alone the undo of a failure that the handler got over", async () => {
    const undone: string[] = [];
    const { run } = await open(async ({ step }) => {
      try {
        await step(
          "way-1",
          "First way",
          () => Promise.reject(refused()),
          async () => void undone.push("way-1"),
        );
      } catch (error) {
        if (!(error instanceof MediabayError)) throw error;
      }
      return step("way-2", "Second way", async () => "taken");
    });
    expect(await run("op1")).toMatchObject({ state: "succeeded", result: "taken" });
    expect(undone).toEqual([]);
  });

  it("tries an undo three times and goes on with the others when it fails", async () => {
    const tried: [string, number][] = [];
    const { run, clock, store, log } = await open(async ({ step }) => {
      const undo = (name: string, failures: number) => async (): Promise<void> => {
        tried.push([name, clock.now()]);
        if (tried.filter(([other]) => other === name).length <= failures) throw refused();
      };
      await step("one", "One", async () => 1, undo("one", 2));
      await step("two", "Two", async () => 2, undo("two", 9));
      throw new MediabayError("BMC_TIMEOUT", "late");
    });
    const start = clock.now();
    const ended = await run("op1");
    expect(tried.map(([name, at]) => [name, at - start])).toEqual([
      ["two", 0],
      ["two", 1_000],
      ["two", 3_000],
      ["one", 3_000],
      ["one", 4_000],
      ["one", 6_000],
    ]);
    expect(ended.error?.code).toBe("BMC_TIMEOUT");
    expect(ended.steps).toMatchObject([
      { name: "one", state: "undone" },
      { name: "two", state: "failed", error: { code: "BMC_REJECTED" } },
    ]);
    const warnings = (await store.journal.events(0, "op1")).filter((event) => event.type === "warning");
    expect(warnings).toMatchObject([{ data: { text: expect.stringContaining("two") } }]);
    expect(log.filter((line) => line.level === "warn")).toHaveLength(1);
  });

  it("gives each undo a minute of its own, also one that does not listen", async () => {
    const undone: [string, number][] = [];
    const { run, clock } = await open(async ({ step }) => {
      const start = clock.now();
      const note = (name: string): void => void undone.push([name, clock.now() - start]);
      await step(
        "one",
        "One",
        async () => 1,
        async () => note("one"),
      );
      await step(
        "deaf",
        "Deaf",
        async () => 2,
        () => new Promise<void>(() => note("deaf")),
      );
      await step(
        "slow",
        "Slow",
        async () => 3,
        (_output, signal) => {
          note("slow");
          return untilAborted(signal);
        },
      );
      throw refused();
    });
    const ended = await run("op1");
    expect(undone).toEqual([
      ["slow", 0],
      ["deaf", 60_000],
      ["one", 130_000],
    ]);
    expect(ended.steps.map((step) => [step.name, step.state, step.error?.code])).toEqual([
      ["one", "undone", undefined],
      ["deaf", "failed", "DEADLINE_EXCEEDED"],
      ["slow", "failed", "DEADLINE_EXCEEDED"],
    ]);
  });

  it("waits for steps that a failing handler did not wait for", async () => {
    const order: string[] = [];
    const { run } = await open(async ({ step }) => {
      const slow = step(
        "slow",
        "Slow",
        async ({ signal }) => {
          await untilAborted(signal).catch(() => undefined);
          order.push("slow ended");
          return "made";
        },
        async (output) => void order.push(`slow undone: ${output}`),
      );
      const bad = step(
        "bad",
        "Bad",
        () => Promise.reject(refused()),
        async () => void order.push("bad undone"),
      );
      await Promise.all([slow, bad]);
      return null;
    });
    expect(await run("op1")).toMatchObject({ state: "failed", error: { code: "BMC_REJECTED" } });
    expect(order).toEqual(["slow ended", "bad undone", "slow undone: made"]);
  });
});

describe("deadlines", () => {
  it("abort the step, undo, and end as DEADLINE_EXCEEDED", async () => {
    const undone: string[] = [];
    const { run, clock } = await open(async ({ step, signal }) => {
      await step(
        "one",
        "One",
        async () => 1,
        async () => void undone.push("one"),
      );
      await step(
        "long",
        "Long",
        async (context) => {
          expect(context.signal).toBe(signal);
          return untilAborted(context.signal);
        },
        async () => void undone.push("long"),
      );
      return null;
    });
    const deadlineAt = clock.now() + 30_000;
    const ended = await run("op1", { deadlineAt });
    expect(ended).toMatchObject({ state: "failed", error: { code: "DEADLINE_EXCEEDED" }, endedAt: deadlineAt });
    expect(undone).toEqual(["long", "one"]);
  });

  it("end a step's back-off", async () => {
    const { run, clock } = await open(({ step }) =>
      step("x", "X", async () => {
        await clock.sleep(9_500);
        throw new MediabayError("BMC_BUSY", "busy");
      }),
    );
    const deadlineAt = clock.now() + 10_600;
    const ended = await run("op1", { deadlineAt });
    expect(ended).toMatchObject({ error: { code: "DEADLINE_EXCEEDED" }, steps: [{ attempts: 2 }] });
  });

  it("that passed while the operation waited let no step begin", async () => {
    let ran = false;
    const { run, clock } = await open(({ step }) =>
      step("x", "X", async () => {
        ran = true;
      }).then(() => null),
    );
    const ended = await run("op1", { deadlineAt: clock.now() - 1 });
    expect(ended).toMatchObject({ state: "failed", error: { code: "DEADLINE_EXCEEDED" }, steps: [] });
    expect(ran).toBe(false);
  });

  it("leave a step behind that does not end when it is told to", async () => {
    const { run, clock, log } = await open(({ step }) =>
      step("deaf", "Deaf", () => new Promise<null>(() => undefined)),
    );
    const deadlineAt = clock.now() + 1_000;
    const ended = await run("op1", { deadlineAt });
    expect(ended).toMatchObject({ error: { code: "DEADLINE_EXCEEDED" }, endedAt: deadlineAt + 10_000 });
    expect(log.some((line) => line.level === "warn" && line.message.includes("left behind"))).toBe(true);
  });
});
