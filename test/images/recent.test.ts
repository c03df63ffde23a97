// What is remembered, and what is forgotten first.
import { expect, it } from "vitest";
import { Recent } from "../../src/images/recent.ts";

it("forgets what was not used for longest; a look is no use", () => {
  const recent = new Recent<string, number>(2);
  recent.set("a", 1);
  recent.set("b", 2);
  expect(recent.use("a")).toBe(1);
  recent.set("c", 3);
  expect([...recent].map(([key]) => key)).toEqual(["a", "c"]);
  expect(recent.peek("a")).toBe(1);
  recent.set("d", 4);
  expect([...recent].map(([key]) => key)).toEqual(["c", "d"]);
});

it("holds a key once, and lets go of it", () => {
  const recent = new Recent<string, number>(2);
  recent.set("a", 1);
  recent.set("a", 2);
  expect([recent.size, recent.use("a"), recent.use("b")]).toEqual([1, 2, undefined]);
  recent.delete("a");
  expect(recent.size).toBe(0);
});
