// How small the pieces of a body may be.
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { watchPieces } from "../../src/wire/guarded/pieces.ts";

/** How often it was told. */
const told = (pieces: readonly (readonly [count: number, bytes: number])[]): number => {
  let times = 0;
  const body = new Readable({ read: () => undefined });
  watchPieces(body, () => (times += 1));
  body.resume();
  for (const [count, bytes] of pieces) for (let n = 0; n < count; n += 1) body.push(Buffer.alloc(bytes));
  expect(body.readableLength).toBe(pieces.reduce((sum, [count, bytes]) => sum + count * bytes, 0));
  return times;
};

test.each([
  ["a small body that comes by the byte", [[20_000, 1]]],
  ["lines of base64", [[50_000, 65]]],
  [
    "a body with a few small pieces among large ones",
    [
      [200, 16_384],
      [40_000, 1],
    ],
  ],
] as const)("%s is left in peace", (_what, pieces) => {
  expect(told(pieces)).toBe(0);
});

test.each([
  ["bytes", [[20_001, 1]]],
  [
    "bytes after a whole megabyte",
    [
      [64, 16_384],
      [40_000, 1],
    ],
  ],
  ["pieces that are a little too small", [[50_000, 63]]],
] as const)("a body of %s is told of once", (_what, pieces) => {
  expect(told(pieces)).toBe(1);
});
