import { afterEach, describe, expect, it } from "vitest";
import type { Journal, OperationHandler } from "../../src/core/ports.ts";
import type { Store } from "../../src/store/open-store.ts";
import { createMachineQueue } from "../../src/operations/queue.ts";
import { openOperations, type OperationsBench } from "../tools/operations-bench.ts";

/** A queue whose work ends when the test says so. */
const openQueue = (concurrency: number) => {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const queue = createMachineQueue(concurrency, (id) => {
    begun.push(id);
    return new Promise((resolve) => ends.set(id, resolve));
  });
  const end = async (id: string): Promise<void> => {
    ends.get(id)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { queue, begun, end };
};

describe("the queue", () => {
  it("runs one at a time per machine, in order, and machines side by side", async () => {
    const { queue, begun, end } = openQueue(9);
    for (const id of ["a1", "a2", "b1", "a3"]) queue.push(id.charAt(0), id);
    expect(begun).toEqual(["a1", "b1"]);
    await end("a1");
    expect(begun).toEqual(["a1", "b1", "a2"]);
    await end("a2");
    expect(begun).toEqual(["a1", "b1", "a2", "a3"]);
  });

  it("keeps the bound over all machines", async () => {
    const { queue, begun, end } = openQueue(2);
    for (const id of ["a1", "b1", "c1", "d1"]) queue.push(id.charAt(0), id);
    expect(begun).toEqual(["a1", "b1"]);
    await end("b1");
    expect(begun).toEqual(["a1", "b1", "c1"]);
  });

  it("lets no machine with a long line keep the others waiting", async () => {
    const { queue, begun, end } = openQueue(1);
    for (const id of ["a1", "a2", "a3", "b1", "c1", "b2"]) queue.push(id.charAt(0), id);
    for (const id of ["a1", "b1", "c1", "a2", "b2"]) await end(id);
    expect(begun).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
  });

  it("takes an operation once, and gives back only what waits", async () => {
    const { queue, begun, end } = openQueue(9);
    for (const id of ["a1", "a1", "a2", "a2"]) queue.push("a", id);
    expect(queue.remove("a1")).toBe(false);
    expect(queue.remove("a2")).toBe(true);
    expect(queue.remove("a2")).toBe(false);
    await end("a1");
    expect(begun).toEqual(["a1"]);
    expect(queue.busy("a")).toBe(false);
  });

  it("goes on with a machine whose only waiting operation was taken out before its turn", async () => {
    const { queue, begun, end } = openQueue(1);
    for (const id of ["a1", "b1"]) queue.push(id.charAt(0), id);
    expect(queue.remove("b1")).toBe(true);
    queue.push("b", "b2");
    await end("a1");
    expect(begun).toEqual(["a1", "b2"]);
    await end("b2");
    queue.push("b", "b3");
    expect(begun).toEqual(["a1", "b2", "b3"]);
  });

  it("knows what is busy", async () => {
    const { queue, end } = openQueue(1);
    queue.push("a", "a1");
    queue.push("b", "b1");
    expect([queue.busy("a"), queue.busy("b"), queue.busy("c")]).toEqual([true, true, false]);
    expect([queue.has("b1"), queue.has("c1")]).toEqual([true, false]);
    await end("a1");
    expect([queue.busy("a"), queue.busy("b")]).toEqual([false, true]);
  });

  it("begins nothing after it was halted, and says when nothing runs", async () => {
    const { queue, begun, end } = openQueue(9);
    queue.push("a", "a1");
    queue.push("a", "a2");
    let idle = false;
    const halted = queue.halt().then(() => {
      idle = true;
    });
    await end("nothing");
    expect(idle).toBe(false);
    await end("a1");
    await halted;
    queue.push("b", "b1");
    expect(begun).toEqual(["a1"]);
  });
});

describe("operations", () => {
  let bench: OperationsBench | undefined;
  afterEach(async () => {
    await bench?.close();
    bench = undefined;
  });

  it("of one machine run one at a time in the order of acceptance, those of others meanwhile", async () => {
    const order: string[] = [];
    const atOnce = new Map<string, number>();
    bench = await openOperations(({ operation, step }) =>
      step("x", "X", async () => {
        const { id, machineId } = operation;
        const others = atOnce.get(machineId) ?? 0;
        atOnce.set(machineId, others + 1);
        order.push(`${id} beside ${others}`);
        await bench?.clock.sleep(1_000);
        atOnce.set(machineId, others);
        return null;
      }),
    );
    const { submit, ended, operations } = bench;
    const all = [1, 2, 3].map((n) => submit(`a${n}`));
    await Promise.all([...all, submit("b1", { machineId: "id-m2" })]);
    expect([operations.busy("id-m1"), operations.busy("id-m3")]).toEqual([true, false]);
    await ended("a3");
    expect(order).toEqual(["a1 beside 0", "b1 beside 0", "a2 beside 0", "a3 beside 0"]);
    expect(operations.busy("id-m1")).toBe(false);
  });

  it("keep their order also when the journal answers out of order, and make the machine busy from the call on", async () => {
    const order: string[] = [];
    const lateAnswer = ({ journal }: Store): Journal => ({
      ...journal,
      async accept(operation, attachment) {
        const accepted = await journal.accept(operation, attachment);
        if (operation.id === "a1") await new Promise((resolve) => setTimeout(resolve, 5));
        return accepted;
      },
    });
    const handler: OperationHandler = async ({ operation }) => (order.push(operation.id), null);
    bench = await openOperations(handler, { wrap: lateAnswer });
    const { submit } = bench;
    const submitted = ["a1", "a2"].map((id) => submit(id));
    expect(bench.operations.busy("id-m1")).toBe(true);
    await Promise.all(submitted);
    await bench.ended("a2");
    expect(order).toEqual(["a1", "a2"]);
  });

  it("submitted twice under one key run once", async () => {
    let ran = 0;
    bench = await openOperations(async ({ step }) => step("x", "X", async () => (ran += 1)));
    const { operations, submit, ended } = bench;
    const key = { idempotencyKey: "k", requestHash: "h" };
    await Promise.all([submit("op1", key), submit("op2", key), submit("op3", key)]);
    expect(await ended("op1")).toMatchObject({ state: "succeeded", result: 1 });
    expect((await submit("op4", key)).id).toBe("op1");
    await expect(operations.wait("op2", 0)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(ran).toBe(1);
  });

  it("a refused submission holds up nothing", async () => {
    bench = await openOperations(async () => null);
    const { submit, run, operations } = bench;
    await expect(submit("op1", { machineId: "nobody" })).rejects.toMatchObject({ code: "MACHINE_NOT_FOUND" });
    expect(operations.busy("nobody")).toBe(false);
    expect((await run("op2")).state).toBe("succeeded");
  });

  it("submitted before the start wait for it, behind what is older", async () => {
    const order: string[] = [];
    const handler = async ({ operation }: { operation: { id: string } }) => {
      order.push(operation.id);
      return null;
    };
    bench = await openOperations(handler, { started: false });
    await bench.submit("older");
    const operations = await bench.crash(handler);
    await bench.submit("newer");
    await bench.clock.settle();
    expect(order).toEqual([]);
    expect(operations.busy("id-m1")).toBe(true);
    await operations.start();
    await operations.start();
    await bench.ended("newer");
    expect(order).toEqual(["older", "newer"]);
  });
});
