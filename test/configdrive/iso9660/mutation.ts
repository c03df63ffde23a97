// Images with a few things changed at random, from a seed: where the structures are rather than where the files' bytes are.

export type Random = (below: number) => number;

/** Mulberry32. */
export const createRandom = (seed: number): Random => {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
};

const sectorBytes = 2048;

/** Bytes that say something, and those beside them. */
const tellingOffsets = (image: Buffer): readonly number[] =>
  Array.from(image.keys()).filter((at) => at >= 16 * sectorBytes && (image[at] !== 0 || image[at - 1] !== 0));

export interface Mutator {
  /** Valid until the next call. */
  mutant(seed: number): Buffer;
}

export const createMutator = (pristine: Buffer): Mutator => {
  const image = Buffer.from(pristine);
  const telling = tellingOffsets(pristine);
  const sectors = Math.ceil(pristine.length / sectorBytes);
  let dirty: readonly [number, number][] = [];

  const value = (random: Random): number => {
    const values = [
      0,
      1,
      random(256),
      random(sectors),
      16 + random(8),
      random(sectors) * sectorBytes,
      0x7fffffff,
      0xffffffff,
    ];
    return values[random(values.length + 1)] ?? random(2 ** 32);
  };
  const place = (random: Random, bytes: number): number => {
    const at = random(8) === 0 ? random(pristine.length) : (telling[random(telling.length)] ?? 0);
    return Math.max(0, Math.min(at, pristine.length - bytes));
  };
  const changes: readonly ((random: Random) => [number, number])[] = [
    (random) => {
      const at = place(random, 1);
      image.writeUInt8(image.readUInt8(at) ^ (1 << random(8)), at);
      return [at, at + 1];
    },
    (random) => {
      const at = place(random, 1);
      image.writeUInt8(value(random) & 0xff, at);
      return [at, at + 1];
    },
    (random) => {
      const at = place(random, 2);
      image.writeUInt16LE(value(random) & 0xffff, at);
      return [at, at + 2];
    },
    (random) => {
      const at = place(random, 4);
      image.writeUInt32LE(value(random), at);
      return [at, at + 4];
    },
    (random) => {
      const at = place(random, 8);
      const both = value(random);
      image.writeUInt32LE(both, at);
      image.writeUInt32BE(both, at + 4);
      return [at, at + 8];
    },
    (random) => {
      const length = 1 + random([4, 40, 300, sectorBytes][random(4)] ?? 1);
      const at = place(random, length);
      pristine.copy(image, at, place(random, length), pristine.length);
      return [at, pristine.length];
    },
    (random) => {
      const length = 1 + random([4, 40, 300, sectorBytes][random(4)] ?? 1);
      const [at, from] = [place(random, length), place(random, length)];
      pristine.copy(image, at, from, from + length);
      return [at, at + length];
    },
    (random) => {
      const length = 1 + random(64);
      const at = place(random, length);
      image.fill(random(2) * 255, at, at + length);
      return [at, at + length];
    },
  ];

  return {
    mutant: (seed) => {
      for (const [from, to] of dirty) pristine.copy(image, from, from, to);
      const random = createRandom(seed);
      dirty = Array.from({ length: 1 + random(6) }, () => changes[random(changes.length)]?.(random) ?? [0, 0]);
      return random(16) === 0 ? image.subarray(0, random(image.length + 1)) : image;
    },
  };
};
