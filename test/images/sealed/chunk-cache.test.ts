import { describe, expect, it } from "vitest";
import { type Chunks, createChunkCache, type Slot } from "../../../src/images/sealed/chunk-cache.ts";

const put = (chunks: Chunks, index: number, bytes = 4): Slot =>
  chunks.put(index, bytes, (target) => void target.fill(index));

const show = (slot: Slot | undefined): readonly number[] | undefined => slot && [...slot.bytes];

describe("the cache of opened chunks", () => {
  it("gives again what was put, for each image its own", () => {
    const cache = createChunkCache(40, 4);
    const [one, other] = [cache.forImage(), cache.forImage()];
    put(one, 1).giveBack();
    put(other, 2).giveBack();
    expect([show(one.take(1)), one.take(2), other.take(1), show(other.take(2))]).toEqual([
      [1, 1, 1, 1],
      undefined,
      undefined,
      [2, 2, 2, 2],
    ]);
  });

  it("keeps no more than its budget: what was not used since goes first", () => {
    const cache = createChunkCache(12, 4);
    const chunks = cache.forImage();
    for (const index of [1, 2, 3]) put(chunks, index).giveBack();
    // All were used once; the next round spares what was used again.
    put(chunks, 4).giveBack();
    chunks.take(2)?.giveBack();
    put(chunks, 5).giveBack();
    expect(cache.slots).toBe(3);
    expect([1, 2, 3, 4, 5].filter((index) => chunks.take(index) !== undefined)).toEqual([2, 4, 5]);
  });

  it("never touches what is taken, and lends memory of its own when everything is", () => {
    const cache = createChunkCache(8, 4);
    const chunks = cache.forImage();
    const held = [1, 2, 3, 4].map((index) => put(chunks, index));
    expect(held.map(show)).toEqual([1, 2, 3, 4].map((index) => [index, index, index, index]));
    expect([cache.slots, cache.taken]).toEqual([2, 2]);
    for (const slot of held) slot.giveBack();
    expect(cache.taken).toBe(0);
    put(chunks, 5).giveBack();
    expect([1, 2].filter((index) => chunks.take(index) !== undefined)).toHaveLength(1);
  });

  it("keeps nothing of a chunk that could not be opened", () => {
    const chunks = createChunkCache(4, 4).forImage();
    put(chunks, 1).giveBack();
    const fail = (): void => {
      throw new RangeError("altered");
    };
    expect(() => chunks.put(2, 4, fail)).toThrow("altered");
    expect([chunks.take(1), chunks.take(2)]).toEqual([undefined, undefined]);
    expect(show(put(chunks, 3))).toEqual([3, 3, 3, 3]);
  });

  it("overwrites what an image leaves behind, and what is still taken once it is given back", () => {
    const cache = createChunkCache(12, 4);
    const chunks = cache.forImage();
    const left = put(chunks, 1);
    left.giveBack();
    const taken = put(chunks, 2);
    chunks.clear();
    expect([show(left), show(taken), chunks.take(1)]).toEqual([[0, 0, 0, 0], [2, 2, 2, 2], undefined]);
    taken.giveBack();
    expect(show(taken)).toEqual([0, 0, 0, 0]);
    for (const index of [7, 8, 9]) put(chunks, index).giveBack();
    expect(cache.slots).toBe(3);
  });

  it("keeps nothing of what only passes, and overwrites it with the next image that leaves, or once it is given back after", () => {
    const cache = createChunkCache(8, 4);
    const chunks = cache.forImage();
    const pass = (value: number): Slot => chunks.pass(4, (target) => void target.fill(value));
    const [one, other] = [pass(1), pass(2)];
    expect([show(one), show(other), chunks.take(0), cache.slots]).toEqual([[1, 1, 1, 1], [2, 2, 2, 2], undefined, 0]);
    one.giveBack();
    const next = pass(3);
    expect([show(other), show(next)]).toEqual([
      [2, 2, 2, 2],
      [3, 3, 3, 3],
    ]);
    other.giveBack();
    chunks.clear();
    expect([show(other), show(next)]).toEqual([
      [0, 0, 0, 0],
      [3, 3, 3, 3],
    ]);
    next.giveBack();
    expect([show(other), show(next)]).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });

  it("takes chunks that are longer than its slots as they come", () => {
    const cache = createChunkCache(8, 4);
    const chunks = cache.forImage();
    const slot = put(chunks, 1, 5);
    expect([show(slot), cache.slots, chunks.take(1)]).toEqual([[1, 1, 1, 1, 1], 0, undefined]);
    slot.giveBack();
  });
});
