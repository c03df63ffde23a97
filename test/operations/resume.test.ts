import { afterEach, describe, expect, it } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import type { OperationHandler } from "../../src/core/ports.ts";
import type { Store } from "../../src/store/open-store.ts";
import { openOperations, type OperationsBench, stepStates, untilAborted } from "../tools/operations-bench.ts";

let bench: OperationsBench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const refused = (): MediabayError => new MediabayError("BMC_REJECTED", "no");

/** Hangs at its last step in its first life, and says what ran in which. */
const hanging = (lives: string[]): OperationHandler => {
  let life = 0;
  return async ({ step, resumed, warn }) => {
    const mine = (life += 1);
    const note = (text: string): void => void lives.push(`${mine}:${text}`);
    note(resumed ? "resumed" : "begun");
    const one = await step(
      "one",
      "One",
      async () => (note("one"), 1),
      async () => note("undo one"),
    );
    warn("after one");
    await step(
      "two",
      "Two",
      ({ attempt, signal }) => {
        note(`two, attempt ${attempt}`);
        return mine === 1 ? untilAborted(signal) : Promise.resolve(2);
      },
      async () => note("undo two"),
    );
    return one;
  };
};

describe("after a crash", () => {
  it("finished steps answer, the interrupted one runs again, and nothing is undone", async () => {
    const lives: string[] = [];
    const handler = hanging(lives);
    bench = await openOperations(handler);
    await bench.submit("op1");
    await bench.clock.settle();
    await (await bench.crash(handler)).start();
    const ended = await bench.ended("op1");
    expect(ended).toMatchObject({ state: "succeeded", result: 1 });
    expect(stepStates(ended)).toEqual([
      ["one", "done", 1],
      ["two", "done", 2],
    ]);
    expect(lives).toEqual(["1:begun", "1:one", "1:two, attempt 1", "2:resumed", "2:two, attempt 2"]);
  });

  it("a handler's warnings are not repeated for what it only passes again", async () => {
    const handler = hanging([]);
    bench = await openOperations(handler);
    await bench.submit("op1");
    await bench.clock.settle();
    const { journal } = bench.store;
    await journal.accept({ id: "x", kind: "power", machineId: "id-m2", input: null, createdBy: "a", createdAt: 1 });
    await (await bench.crash(handler)).start();
    await bench.ended("op1");
    const warnings = (await bench.store.journal.events(0, "op1")).filter((event) => event.type === "warning");
    expect(warnings).toHaveLength(1);
  });

  it("everything unfinished goes on, in the order of its acceptance", async () => {
    const order: string[] = [];
    const handler: OperationHandler = async ({ operation, step }) => {
      await step("x", "X", async ({ attempt, signal }) => {
        order.push(`${operation.id}:${attempt}`);
        return order.length === 1 ? untilAborted(signal) : null;
      });
      return null;
    };
    bench = await openOperations(handler, { concurrency: 1 });
    for (const id of ["op1", "op2", "op3"]) await bench.submit(id);
    await bench.clock.settle();
    await (await bench.crash(handler)).start();
    await bench.ended("op3");
    expect(order).toEqual(["op1:1", "op1:2", "op2:1", "op3:1"]);
  });

  it("a step's attempts go on counting, and its back-off with them", async () => {
    const attempts: number[] = [];
    const handler: OperationHandler = ({ step }) =>
      step("x", "X", async ({ attempt }) => {
        attempts.push(attempt);
        throw new MediabayError("BMC_BUSY", "busy");
      });
    bench = await openOperations(handler);
    await bench.submit("op1");
    await bench.clock.advance(3_500);
    expect(attempts).toEqual([1, 2, 3]);
    await (await bench.crash(handler)).start();
    expect(await bench.ended("op1")).toMatchObject({ state: "failed", steps: [{ attempts: 5 }] });
    expect(attempts).toEqual([1, 2, 3, 4, 5]);
  });

  it("a compensation goes on where it was: no step runs, and what was undone is not undone again", async () => {
    const lives: string[] = [];
    let life = 0;
    const handler: OperationHandler = async ({ step, signal }) => {
      const mine = (life += 1);
      const note = (text: string): void => void lives.push(`${mine}:${text}`);
      const undo = (name: string) => async (output: unknown, stop: AbortSignal) => {
        note(`undo ${name} ${JSON.stringify(output)}`);
        if (mine === 1 && name === "two") await untilAborted(stop);
      };
      for (const name of ["one", "two", "three"]) {
        await step(name, name, async () => (note(name), { name }), undo(name));
      }
      expect(signal.aborted).toBe(false);
      await step("four", "four", () => (note("four"), Promise.reject(refused())), undo("four"));
      return null;
    };
    bench = await openOperations(handler);
    await bench.submit("op1");
    await bench.clock.settle();
    expect(lives.at(-1)).toBe('1:undo two {"name":"two"}');
    lives.length = 0;
    await (await bench.crash(handler)).start();
    const ended = await bench.ended("op1");
    expect(lives).toEqual(['2:undo two {"name":"two"}', '2:undo one {"name":"one"}']);
    expect(ended).toMatchObject({ state: "failed", error: { code: "BMC_REJECTED" } });
    expect(ended.steps.map((step) => step.state)).toEqual(["undone", "undone", "undone", "undone"]);
  });

  it("a compensation finds the undos on the path that the handler took", async () => {
    const undone: string[] = [];
    let life = 0;
    const handler: OperationHandler = async ({ step }) => {
      const mine = (life += 1);
      const undo = (name: string) => async (_output: unknown, stop: AbortSignal) => {
        if (mine === 1) await untilAborted(stop);
        undone.push(name);
      };
      try {
        await step("way-1", "First way", () => Promise.reject(refused()), undo("way-1"));
      } catch (error) {
        if (!(error instanceof MediabayError) || error.code !== "BMC_REJECTED") throw error;
      }
      await step("way-2", "Second way", async () => "taken", undo("way-2"));
      await step("last", "Last", () => Promise.reject(new MediabayError("BMC_TIMEOUT", "late")));
      return null;
    };
    bench = await openOperations(handler);
    await bench.submit("op1");
    await bench.clock.settle();
    await (await bench.crash(handler)).start();
    expect(await bench.ended("op1")).toMatchObject({ state: "failed", error: { code: "BMC_TIMEOUT" } });
    expect(undone).toEqual(["way-2", "way-1"]);
  });

  it("a failure that the handler got over is met again in the same way, without running its step", async () => {
    const ran: string[] = [];
    const handler: OperationHandler = async ({ step }) => {
      let way = "first";
      try {
        await step("way-1", "First way", () => (ran.push("way-1"), Promise.reject(refused())));
      } catch (error) {
        if (!(error instanceof MediabayError) || error.code !== "BMC_REJECTED") throw error;
        way = "second";
      }
      await step("way-2", "Second way", ({ attempt, signal }) => {
        ran.push(`way-2:${attempt}`);
        return attempt === 1 ? untilAborted(signal) : Promise.resolve(null);
      });
      return way;
    };
    bench = await openOperations(handler);
    await bench.submit("op1");
    await bench.clock.settle();
    await (await bench.crash(handler)).start();
    expect(await bench.ended("op1")).toMatchObject({ state: "succeeded", result: "second" });
    expect(ran).toEqual(["way-1", "way-2:1", "way-2:2"]);
  });

  it("a cancellation or deadline that came meanwhile undoes what was begun, the interrupted step too", async () => {
    for (const why of ["CANCELLED", "DEADLINE_EXCEEDED"]) {
      const lives: string[] = [];
      const handler = hanging(lives);
      const { submit, crash, clock, store, ended, close } = await openOperations(handler);
      await submit("op1", { deadlineAt: clock.now() + 60_000 });
      await clock.settle();
      if (why === "CANCELLED") await store.journal.requestCancel("op1");
      lives.length = 0;
      const operations = await crash(handler);
      if (why === "DEADLINE_EXCEEDED") await clock.advance(100_000);
      lives.length = 0;
      await operations.start();
      expect((await ended("op1")).error?.code).toBe(why);
      expect(lives).toEqual(["2:resumed", "2:undo two", "2:undo one"]);
      await close();
    }
  });
});

describe("stopping", () => {
  it("lets the step under way end, begins no other, undoes nothing, and leaves the rest for the next start", async () => {
    const ran: string[] = [];
    const handler: OperationHandler = async ({ step }) => {
      await step(
        "one",
        "One",
        async () => (await bench?.clock.sleep(3_000), ran.push("one")),
        async () => void ran.push("undo"),
      );
      await step("two", "Two", async () => ran.push("two"));
      return "done";
    };
    bench = await openOperations(handler);
    await bench.submit("op1");
    await bench.submit("op2");
    await bench.clock.settle();
    const stopping = bench.operations.stop(5_000);
    await bench.clock.advance(3_000);
    await stopping;
    expect(ran).toEqual(["one"]);
    expect(await bench.store.journal.get("op1")).toMatchObject({ state: "running", steps: [{ state: "done" }] });
    expect(await bench.store.journal.get("op2")).toMatchObject({ state: "queued" });
    await (await bench.crash(handler)).start();
    await bench.ended("op2");
    expect(ran).toEqual(["one", "two", "one", "two"]);
  });

  it("aborts what does not end in time, and leaves its step begun", async () => {
    const lives: string[] = [];
    bench = await openOperations(hanging(lives));
    await bench.submit("op1");
    await bench.clock.settle();
    const stopping = bench.operations.stop(5_000);
    await bench.clock.advance(4_999);
    expect((await bench.store.journal.get("op1")).steps[1]?.state).toBe("running");
    await bench.clock.advance(1);
    await stopping;
    const left = await bench.store.journal.get("op1");
    expect(left).toMatchObject({ state: "running", steps: [{ state: "done" }, { state: "running" }] });
    expect(lives.some((line) => line.includes("undo"))).toBe(false);
  });

  it("ends a back-off at once", async () => {
    bench = await openOperations(({ step }) =>
      step("x", "X", () => Promise.reject(new MediabayError("BMC_BUSY", "b"))),
    );
    await bench.submit("op1");
    await bench.clock.settle();
    await bench.operations.stop(5_000);
    expect((await bench.store.journal.get("op1")).state).toBe("running");
  });

  it("leaves a compensation to be resumed", async () => {
    const undone: string[] = [];
    let life = 0;
    const handler: OperationHandler = async ({ step }) => {
      const mine = (life += 1);
      const undo = (name: string) => async (_output: unknown, stop: AbortSignal) => {
        undone.push(`${mine}:${name}`);
        if (mine === 1 && name === "two") await untilAborted(stop);
      };
      await step("one", "One", async () => 1, undo("one"));
      await step("two", "Two", async () => 2, undo("two"));
      throw refused();
    };
    bench = await openOperations(handler);
    await bench.submit("op1");
    await bench.clock.settle();
    const stopping = bench.operations.stop(100);
    await bench.clock.advance(100);
    await stopping;
    expect((await bench.store.journal.get("op1")).state).toBe("compensating");
    await (await bench.crash(handler)).start();
    expect((await bench.ended("op1")).state).toBe("failed");
    expect(undone).toEqual(["1:two", "2:two", "2:one"]);
  });
});

/** A journal whose writes of one kind fail while `broken` says so. */
const failing = (method: "endStep" | "claim" | "finish" | "undoneStep", broken: () => boolean) => (store: Store) => {
  const { journal } = store;
  const refuse = async (): Promise<never> => {
    throw new MediabayError("STORE_UNAVAILABLE", "The store's disk is full.");
  };
  return new Proxy(journal, {
    get: (target, name, receiver) => (name === method && broken() ? refuse : Reflect.get(target, name, receiver)),
  });
};

describe("a journal that cannot be written", () => {
  it.each(["endStep", "claim", "finish", "undoneStep"] as const)(
    "at %s suspends the operation until it can, and the end is right",
    async (method) => {
      let broken = true;
      const fails = method === "undoneStep";
      const ran: string[] = [];
      const handler: OperationHandler = async ({ step }) => {
        await step(
          "one",
          "One",
          async ({ attempt }) => ran.push(`one:${attempt}`),
          async () => void ran.push("undo"),
        );
        if (fails) throw refused();
        return "done";
      };
      bench = await openOperations(handler, { wrap: failing(method, () => broken) });
      await bench.submit("op1");
      await bench.clock.advance(4_000);
      expect(["queued", "running", "compensating"]).toContain((await bench.store.journal.get("op1")).state);
      broken = false;
      expect((await bench.ended("op1")).state).toBe(fails ? "failed" : "succeeded");
      const attempts = method === "endStep" ? ["one:1", "one:2", "one:3", "one:4"] : ["one:1"];
      expect(ran.filter((line) => line !== "undo")).toEqual(attempts);
      expect(bench.log.filter((line) => line.level === "error").length).toBeGreaterThanOrEqual(2);
    },
  );

  it("because another runner has the claim lets go of the operation", async () => {
    const handler: OperationHandler = async ({ step }) => {
      await step("one", "One", async () => {
        await bench?.store.journal.claim("op1");
        return 1;
      });
      return "done";
    };
    bench = await openOperations(handler);
    await bench.submit("op1");
    await bench.clock.advance(60_000);
    expect(bench.operations.busy("id-m1")).toBe(false);
    expect(await bench.store.journal.get("op1")).toMatchObject({ state: "running", steps: [{ state: "running" }] });
  });
});
