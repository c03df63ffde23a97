import { describe, expect, it } from "vitest";
import { createFlights, type Flight } from "../../src/images/flights.ts";

const never = new AbortController().signal;

const scenario = () => {
  const flights = createFlights<string, string>();
  const started: { readonly flight: Flight<string>; readonly work: PromiseWithResolvers<string> }[] = [];
  const start = (flight: Flight<string>): Promise<string> => {
    const work = Promise.withResolvers<string>();
    started.push({ flight, work });
    flight.signal.addEventListener("abort", () => work.reject(flight.signal.reason), { once: true });
    return work.promise;
  };
  return { started, join: (key: string, waiter: string, signal = never) => flights.join(key, waiter, signal, start) };
};

describe("work that several want", () => {
  it("is done once for all who come while it runs, and again for who comes later", async () => {
    const { started, join } = scenario();
    const joined = [join("k", "a"), join("k", "b"), join("other", "c")];
    expect(started.map(({ flight }) => [...flight.waiters])).toEqual([["a", "b"], ["c"]]);
    for (const { work } of started) work.resolve("done");
    expect(await Promise.all(joined)).toEqual(["done", "done", "done"]);
    const later = join("k", "d");
    expect(started.length).toBe(3);
    started[2]?.work.resolve("again");
    expect(await later).toBe("again");
  });

  it("goes on when one of them leaves", async () => {
    const { started, join } = scenario();
    const controller = new AbortController();
    const leaving = join("k", "a", controller.signal);
    const staying = join("k", "b");
    controller.abort(new Error("left"));
    await expect(leaving).rejects.toThrow("left");
    expect(started[0]?.flight.signal.aborted).toBe(false);
    expect([...(started[0]?.flight.waiters ?? [])]).toEqual(["b"]);
    started[0]?.work.resolve("done");
    expect(await staying).toBe("done");
  });

  it("ends when the last one leaves, who waits until it is over", async () => {
    const { started, join } = scenario();
    const [one, other] = [new AbortController(), new AbortController()];
    const both = [join("k", "a", one.signal), join("k", "b", other.signal)];
    one.abort(new Error("first"));
    other.abort(new Error("second"));
    const outcomes = await Promise.allSettled(both);
    expect(outcomes.map((outcome) => outcome.status === "rejected" && String(outcome.reason))).toEqual([
      "Error: first",
      "Error: second",
    ]);
    expect(started[0]?.flight.signal.reason).toMatchObject({ message: "second" });
    const next = join("k", "c");
    expect(started.length).toBe(2);
    started[1]?.work.resolve("fresh");
    expect(await next).toBe("fresh");
  });

  it("belongs to who was there when it was sealed, even if they leave then", async () => {
    const { started, join } = scenario();
    const controller = new AbortController();
    const leaving = join("k", "a", controller.signal);
    expect(started[0]?.flight.seal()).toEqual(["a"]);
    controller.abort(new Error("too late to leave"));
    expect(started[0]?.flight.signal.aborted).toBe(false);
    started[0]?.work.resolve("done");
    expect(await leaving).toBe("done");
  });

  it("fails for all of them, once", async () => {
    const { started, join } = scenario();
    const both = [join("k", "a"), join("k", "b")];
    started[0]?.work.reject(new Error("broken"));
    for (const outcome of await Promise.allSettled(both)) expect(outcome.status).toBe("rejected");
  });

  it("is not begun for who has left already", async () => {
    const { started, join } = scenario();
    await expect(join("k", "a", AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
    expect(started).toEqual([]);
  });
});
