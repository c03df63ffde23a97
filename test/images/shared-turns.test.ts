import { describe, expect, it } from "vitest";
import { createSharedTurns } from "../../src/images/shared-turns.ts";

const scenario = () => {
  const turns = createSharedTurns();
  const log: string[] = [];
  const work = (name: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const run = async (): Promise<void> => {
      log.push(`${name} begins`);
      await promise;
      log.push(`${name} ends`);
    };
    return { run, end: resolve, fail: () => reject(new Error(name)) };
  };
  return { turns, log, work };
};

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("turns", () => {
  it("that are shared go side by side, and an exclusive one alone after them; nobody overtakes", async () => {
    const { turns, log, work } = scenario();
    const [a, b, alone, c] = [work("a"), work("b"), work("alone"), work("c")];
    const all = [
      turns.shared("a", a.run),
      turns.shared(undefined, b.run),
      turns.exclusive(alone.run),
      turns.shared("c", c.run),
    ];
    await settle();
    expect(log).toEqual(["a begins", "b begins"]);
    a.end();
    await settle();
    expect(log).not.toContain("alone begins");
    b.end();
    await settle();
    expect(log.slice(2)).toEqual(["a ends", "b ends", "alone begins"]);
    alone.end();
    c.end();
    await Promise.all(all);
    expect(log.slice(5)).toEqual(["alone ends", "c begins", "c ends"]);
  });

  it("of one owner go one after the other", async () => {
    const { turns, log, work } = scenario();
    const [first, second] = [work("first"), work("second")];
    const both = [turns.shared("owner", first.run), turns.shared("owner", second.run)];
    await settle();
    expect(log).toEqual(["first begins"]);
    first.end();
    second.end();
    await Promise.all(both);
    expect(log).toEqual(["first begins", "first ends", "second begins", "second ends"]);
  });

  it.each(["shared", "exclusive"] as const)("that are %s are free again after a failure", async (kind) => {
    const { turns, work } = scenario();
    const failing = work("failing");
    const turn = kind === "shared" ? turns.shared("owner", failing.run) : turns.exclusive(failing.run);
    const next = [turns.shared("owner", async () => "shared"), turns.exclusive(async () => "exclusive")];
    failing.fail();
    await expect(turn).rejects.toThrow("failing");
    expect(await Promise.all(next)).toEqual(["shared", "exclusive"]);
  });
});
