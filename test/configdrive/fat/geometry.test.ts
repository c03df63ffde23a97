import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { geometryOf } from "../../../src/configdrive/fat/write/geometry.ts";

const mebibyte = 1 << 20;
const leastBytes = 1_474_560;

describe("the geometry of a FAT volume", () => {
  it("has a width that every reader counts alike, and tables and clusters within its size", () => {
    const property = fc.property(
      fc.oneof(
        fc.integer({ min: leastBytes, max: 64 * mebibyte }),
        fc.integer({ min: leastBytes, max: 3000 * mebibyte }),
        fc.integer({ min: 2, max: 2048 }).map((count) => count * mebibyte),
      ),
      fc.constantFrom(512, 4096),
      fc.integer({ min: 0, max: 900 }),
      (sizeBytes, sectorBytes, rootRecords) => {
        const geometry = geometryOf({ sizeBytes, sectorBytes, rootRecords });
        if (geometry === undefined) throw new Error("there is none");
        const { width, clusters, clusterBytes, tableSectors, dataOffset, sectors } = geometry;
        expect(clusters < 4085 ? 12 : clusters < 65_525 ? 16 : 32).toBe(width);
        for (const limit of [4085, 65_525]) expect(Math.abs(clusters - limit)).toBeGreaterThan(15);
        expect(tableSectors * sectorBytes * 8).toBeGreaterThanOrEqual((clusters + 2) * width);
        expect(dataOffset + clusters * clusterBytes).toBeLessThanOrEqual(sectors * sectorBytes);
        expect(dataOffset + (clusters + 1) * clusterBytes).toBeGreaterThan(sectors * sectorBytes);
        expect(sectors % geometry.sectorsPerTrack).toBe(0);
        expect(width === 32 || geometry.rootRecords >= rootRecords).toBe(true);
        expect((geometry.rootRecords * 32) % sectorBytes).toBe(0);
      },
    );
    fc.assert(property, { numRuns: 3000 });
  });

  it("there is none for a root, a size or clusters that no FAT has", () => {
    const usual = { sizeBytes: 64 * mebibyte, sectorBytes: 512, rootRecords: 1 };
    expect(geometryOf({ ...usual, rootRecords: 65_536 })).toBeUndefined();
    expect(geometryOf({ ...usual, sizeBytes: 2 ** 42 })).toBeUndefined();
    expect(geometryOf({ ...usual, sizeBytes: 5000 })).toBeUndefined();
    // Too near to the limit of FAT12 as FAT12, below it as FAT16.
    expect(geometryOf({ ...usual, sizeBytes: 4140 * 512, clusterBytes: 512, sectorBytes: 512 })).toBeUndefined();
  });
});
