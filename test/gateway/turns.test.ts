// A machine's turn: in order, one at a time, given up by an abort.
import { expect, test } from "vitest";
import { createTurns } from "../../src/gateway/turns.ts";

const never = new AbortController().signal;

test("turns of one machine come one at a time and in order", async () => {
  const turns = createTurns();
  const order: string[] = [];
  const visit = async (name: string): Promise<void> => {
    const giveBack = await turns.take("a", never);
    order.push(name);
    giveBack();
  };
  const first = await turns.take("a", never);
  const others = [visit("second"), visit("third")];
  order.push("first");
  first();
  await Promise.all(others);
  expect(order).toEqual(["first", "second", "third"]);
});

test("another machine does not wait", async () => {
  const turns = createTurns();
  await turns.take("a", never);
  await expect(turns.take("b", never)).resolves.toBeTypeOf("function");
});

test("a wait that is aborted ends with its reason and does not block those behind it", async () => {
  const turns = createTurns();
  const first = await turns.take("a", never);
  const controller = new AbortController();
  const second = turns.take("a", controller.signal);
  const third = turns.take("a", never);
  controller.abort(new Error("enough"));
  await expect(second).rejects.toThrow("enough");
  first();
  (await third)();
});
