// How much of each file was sent, held against a map of single bytes; and what a restart makes of it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ImageFile } from "../../src/core/configdrive.ts";
import type { ReadRecord } from "../../src/core/ports.ts";
import type { FileReads } from "../../src/core/records.ts";
import { FileAccounts } from "../../src/images/reads/file-accounts.ts";
import { ReadLog } from "../../src/images/reads/read-log.ts";

const imageBytes = 200;
const extent = fc
  .tuple(fc.nat(imageBytes - 1), fc.integer({ min: 1, max: 40 }))
  .map(([from, length]) => ({ from, to: Math.min(imageBytes, from + length) }));
/** Any extents: apart, touching, shared by files (hard links), twice in one file, none at all. */
const files = fc.array(fc.array(extent, { maxLength: 4 }), { minLength: 1, maxLength: 8 }).map((lists) =>
  lists.map(
    (extents, index): ImageFile => ({
      path: `file-${index}`,
      extents,
      sizeBytes: extents.reduce((sum, { from, to }) => sum + to - from, 0),
    }),
  ),
);
const ranges = fc
  .array(fc.tuple(fc.nat(imageBytes), fc.nat(60)), { maxLength: 40 })
  .map((list) => list.map(([from, length]) => ({ from, to: Math.min(imageBytes, from + length) })));

/** Byte by byte. `at` of a range is its place in the sequence. */
const model = (list: readonly ImageFile[], reads: readonly { readonly from: number; readonly to: number }[]) => {
  const sentAt = new Map<number, number>();
  for (const [at, { from, to }] of reads.entries()) {
    for (let byte = from; byte < to; byte += 1) if (!sentAt.has(byte)) sentAt.set(byte, at);
  }
  return list.map(({ path, sizeBytes, extents }): FileReads => {
    const bytes = extents.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + index));
    const times = bytes.map((byte) => sentAt.get(byte)).filter((at) => at !== undefined);
    return {
      path,
      sizeBytes,
      readBytes: times.length,
      ...(times.length > 0 && { firstReadAt: Math.min(...times) }),
      ...(times.length === bytes.length && times.length > 0 && { completeAt: Math.max(...times) }),
    };
  });
};

const logOf = (list: readonly ImageFile[], stored: readonly ReadRecord[] = []): ReadLog => {
  const log = new ReadLog(stored, { countsFullReads: true });
  log.know(imageBytes, list);
  return log;
};

describe("the account of each file", () => {
  it("is what a map of single bytes says, for any extents and any reads", () => {
    fc.assert(
      fc.property(files, ranges, (list, reads) => {
        const log = logOf(list);
        for (const [at, { from, to }] of reads.entries()) log.note({ remote: "a", method: "GET", from, to, at });
        expect(log.summary().files).toEqual(model(list, reads));
      }),
      { numRuns: 500 },
    );
  });

  it("tells of each file once, when it is complete", () => {
    fc.assert(
      fc.property(files, ranges, (list, reads) => {
        const accounts = FileAccounts.of(list);
        const told = reads.flatMap(({ from, to }, at) => {
          accounts?.add(from, to, at, at);
          return accounts?.takeCompleted().map(({ path }) => path) ?? [];
        });
        expect(new Set(told).size).toBe(told.length);
      }),
    );
  });

  it("is the same after a restart, but for times, which then enclose what was; so are pattern and full reads", () => {
    const flushes = fc.array(fc.tuple(ranges, fc.boolean()), { maxLength: 5 });
    fc.assert(
      fc.property(files, flushes, (list, rounds) => {
        const log = logOf(list);
        const stored: ReadRecord[] = [];
        let at = 0;
        for (const [round, settles] of rounds) {
          for (const { from, to } of round) {
            log.note({ remote: "a", method: "GET", from, to, at: (at += 1), stranger: at % 5 === 0 });
          }
          if (settles) log.settle((at += 1));
          stored.push(...log.take(1000));
        }
        const again = logOf(list, stored);
        const [before, after] = [log.summary(), again.summary()];
        expect(again.fullReads).toBe(log.fullReads);
        const { pattern, coverage, requests, settledBytes, remotes } = before;
        const sums = { pattern, coverage, requests, remotes, ...(settledBytes !== undefined && { settledBytes }) };
        expect(after).toMatchObject(sums);
        for (const [index, file] of (after.files ?? []).entries()) {
          const was = before.files?.[index];
          expect([file.path, file.readBytes]).toEqual([was?.path, was?.readBytes]);
          expect(file.firstReadAt ?? 0).toBeLessThanOrEqual(was?.firstReadAt ?? 0);
          expect(file.completeAt ?? 0).toBeGreaterThanOrEqual(was?.completeAt ?? 0);
        }
        expect(again.takeNews()).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it("is listed for 256 files, those that cloud-init reads first, and kept for all", () => {
    const named = (path: string, index: number): ImageFile => ({
      path,
      sizeBytes: 1,
      extents: [{ from: index, to: index + 1 }],
    });
    const plain = Array.from({ length: 300 }, (_, index) => `pool/f${index}`);
    const last = ["openstack/content/0000", "User-Data", "sub/meta-data", "openstack/latest/user_data"];
    const log = new ReadLog();
    log.know(1000, [...plain, ...last].map(named));
    log.settle(0);
    const { files: listed = [], filesLeftOut } = log.summary();
    expect(listed.map(({ path }) => path)).toEqual([
      "openstack/latest/user_data",
      "User-Data",
      "openstack/content/0000",
      ...plain.slice(0, 253),
    ]);
    expect(filesLeftOut).toBe(48);
    log.note({ remote: "a", method: "GET", from: 0, to: 304, at: 1 });
    expect(log.takeNews()).toMatchObject({ whole: true });
    const few = new ReadLog();
    few.know(1000, plain.slice(0, 256).map(named));
    expect(few.summary().files?.map(({ path }) => path)).toEqual(plain.slice(0, 256));
    expect(few.summary()).not.toHaveProperty("filesLeftOut");
  });

  it("is not kept for an image whose files are beyond all measure", () => {
    const extents = Array.from({ length: 1100 }, () => ({ from: 0, to: 2048 }));
    const shared = Array.from({ length: 1100 }, (_, index) => ({
      path: `f${index}`,
      sizeBytes: 2048,
      extents: [{ from: index, to: 2048 }],
    }));
    expect(FileAccounts.of([{ path: "f", sizeBytes: 1, extents: [...extents] }])).toBeDefined();
    expect(FileAccounts.of(shared)).toBeDefined();
    const tooMany = Array.from({ length: 70_000 }, (_, index) => ({ from: index * 2, to: index * 2 + 1 }));
    expect(FileAccounts.of([{ path: "f", sizeBytes: 70_000, extents: tooMany }])).toBeUndefined();
    const tooDeep = Array.from({ length: 3000 }, (_, index) => ({
      path: `f${index}`,
      sizeBytes: 1,
      extents: [{ from: index, to: 10_000 }],
    }));
    expect(FileAccounts.of(tooDeep)).toBeUndefined();
  });
});
