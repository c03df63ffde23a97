import { afterEach, describe, expect, it } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import type { Journal, OperationHandler } from "../../src/core/ports.ts";
import type { Store } from "../../src/store/open-store.ts";
import { openOperations, type OperationsBench, untilAborted } from "../tools/operations-bench.ts";

let bench: OperationsBench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});
const open = async (handler: OperationHandler): Promise<OperationsBench> => {
  bench = await openOperations(handler);
  return bench;
};

describe("cancellation", () => {
  it("aborts the running step, undoes, and ends as cancelled", async () => {
    const undone: string[] = [];
    const { submit, ended, operations, clock } = await open(async ({ step }) => {
      await step(
        "one",
        "One",
        async () => 1,
        async () => void undone.push("one"),
      );
      await step(
        "long",
        "Long",
        ({ signal }) => untilAborted(signal),
        async () => void undone.push("long"),
      );
      return null;
    });
    await submit("op1");
    await clock.settle();
    expect(await operations.cancel("op1")).toMatchObject({ state: "running", cancelRequested: true });
    expect(await ended("op1")).toMatchObject({ state: "cancelled", error: { code: "CANCELLED" } });
    expect(undone).toEqual(["long", "one"]);
  });

  it("ends a back-off at once", async () => {
    const { submit, ended, operations, clock } = await open(({ step }) =>
      step("x", "X", () => Promise.reject(new MediabayError("BMC_BUSY", "busy"))),
    );
    await submit("op1");
    await clock.advance(3_500);
    const at = clock.now();
    await operations.cancel("op1");
    expect(await ended("op1")).toMatchObject({ state: "cancelled", endedAt: at });
  });

  it("comes too late once the last step has ended", async () => {
    const { run, operations } = await open(async ({ step, signal }) => {
      await step("one", "One", async () => 1);
      await operations.cancel("op1");
      expect(signal.aborted).toBe(true);
      return "done";
    });
    expect(await run("op1")).toMatchObject({ state: "succeeded", result: "done", cancelRequested: true });
  });

  it("counts although the handler makes nothing of it", async () => {
    const undone: string[] = [];
    const { run, operations } = await open(async ({ step }) => {
      await step(
        "one",
        "One",
        async () => 1,
        async () => void undone.push("one"),
      );
      await operations.cancel("op1");
      await step("two", "Two", async () => 2).catch(() => undefined);
      return "as if nothing happened";
    });
    expect(await run("op1")).toMatchObject({ state: "cancelled", error: { code: "CANCELLED" } });
    expect(undone).toEqual(["one"]);
  });

  it("keeps the output of a step that ended in spite of it, for its undo", async () => {
    const undone: unknown[] = [];
    const { run, operations } = await open(async ({ step }) => {
      const work = async (): Promise<string> => {
        await operations.cancel("op1");
        return "made";
      };
      await step("one", "One", work, async (output) => void undone.push(output));
      await step("two", "Two", async () => 2);
      return null;
    });
    expect((await run("op1")).state).toBe("cancelled");
    expect(undone).toEqual(["made"]);
  });

  it("ends a queued operation without running it, and lets the next one run", async () => {
    const ran: string[] = [];
    const { submit, ended, operations, clock, store } = await open(async ({ operation, step }) => {
      ran.push(operation.id);
      return step("wait", "Wait", () => clock.sleep(1_000).then(() => null));
    });
    for (const id of ["op1", "op2", "op3"]) await submit(id);
    await clock.settle();
    expect(await operations.cancel("op2")).toMatchObject({ state: "cancelled", steps: [] });
    await ended("op3");
    expect(ran).toEqual(["op1", "op3"]);
    expect((await store.journal.get("op2")).startedAt).toBeUndefined();
  });

  it("does not stop a compensation", async () => {
    const { run, operations } = await open(async ({ step }) => {
      await step(
        "one",
        "One",
        async () => 1,
        async () => void (await operations.cancel("op1")),
      );
      throw new MediabayError("BMC_REJECTED", "no");
    });
    expect(await run("op1")).toMatchObject({
      state: "failed",
      error: { code: "BMC_REJECTED" },
      cancelRequested: true,
      steps: [{ state: "undone" }],
    });
  });

  it("of what has ended changes nothing", async () => {
    const { run, operations } = await open(async () => "done");
    const ended = await run("op1");
    expect(await operations.cancel("op1")).toEqual(ended);
    await expect(operations.cancel("nothing")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("while the operation is being claimed is not lost", async () => {
    const cancelAfterReading = (store: Store) => {
      const { journal } = store;
      const claim: Journal["claim"] = async (id) => {
        const claimed = await journal.claim(id);
        await bench?.operations.cancel(id);
        return claimed;
      };
      return { ...journal, claim };
    };
    const handler: OperationHandler = ({ step }) => step("x", "X", async () => "done");
    bench = await openOperations(handler, { wrap: cancelAfterReading });
    expect((await bench.run("op1")).state).toBe("cancelled");
  });
});

describe("waiting", () => {
  it("answers the ended operation as soon as it has ended", async () => {
    const { submit, operations, clock } = await open(({ step }) =>
      step("x", "X", () => clock.sleep(5_000).then(() => null)),
    );
    await submit("op1");
    const waiting = operations.wait("op1", 60_000);
    await clock.advance(5_000);
    expect(await waiting).toMatchObject({ state: "succeeded" });
    expect(clock.sleeping).toBe(0);
    expect(await operations.wait("op1", 0)).toMatchObject({ state: "succeeded" });
  });

  it("answers the operation as it is when the time is over or the caller has gone", async () => {
    const { submit, operations, clock } = await open(({ step }) =>
      step("x", "X", () => clock.sleep(50_000).then(() => null)),
    );
    await submit("op1");
    const gone = new AbortController();
    const [timed, left] = [operations.wait("op1", 2_000), operations.wait("op1", 9_000, gone.signal)];
    await clock.advance(2_000);
    expect(await timed).toMatchObject({ state: "running" });
    gone.abort();
    expect(await left).toMatchObject({ state: "running" });
    expect(await operations.wait("op1", 0)).toMatchObject({ state: "running" });
    await expect(operations.wait("nothing", 1_000)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await clock.advance(50_000);
  });
});
