// Read records and coverage.
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { Coverage } from "../../src/images/reads/coverage.ts";
import { ReadLog } from "../../src/images/reads/read-log.ts";
import { summariseReads } from "../../src/images/reads/tally.ts";

describe("coverage", () => {
  it("equals a plain set of the bytes, for any order of ranges", () => {
    const ranges = fc.array(fc.tuple(fc.nat(60), fc.nat(12)), { maxLength: 40 });
    fc.assert(
      fc.property(ranges, (list) => {
        const coverage = new Coverage();
        const bytes = new Set<number>();
        for (const [from, length] of list) {
          coverage.add(from, from + length);
          for (let at = from; at < from + length; at += 1) bytes.add(at);
        }
        expect(coverage.coveredBytes).toBe(bytes.size);
        expect(
          coverage.ranges().flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + index)),
        ).toEqual([...bytes].toSorted((left, right) => left - right));
        for (const [index, range] of coverage.ranges().entries()) {
          expect(range.from).toBeGreaterThan(coverage.ranges()[index - 1]?.to ?? -1);
        }
      }),
    );
  });
});

test("a summary lists the first ranges and says how many more there are", () => {
  const record = { remote: "a", method: "GET" as const, requests: 1, firstAt: 1, lastAt: 1 };
  const records = Array.from({ length: 300 }, (_, index) => ({ ...record, from: index * 20, to: index * 20 + 10 }));
  const { coverage, coverageLeftOut, coveredBytes } = summariseReads(records.toReversed());
  expect([coverage.length, coverage[0], coverage.at(-1)]).toEqual([256, { from: 0, to: 10 }, { from: 5100, to: 5110 }]);
  expect([coverageLeftOut, coveredBytes]).toEqual([44, 3000]);
  expect(summariseReads(records.slice(0, 256))).not.toHaveProperty("coverageLeftOut");
});

describe("a read log", () => {
  it("joins the adjacent reads of one reader into one record", () => {
    const log = new ReadLog();
    log.note({ remote: "192.0.2.7", method: "GET", from: 0, to: 2048, at: 10 });
    log.note({ remote: "192.0.2.7", method: "GET", from: 2048, to: 4096, at: 11 });
    log.note({ remote: "192.0.2.7", method: "GET", from: 4096, to: 8192, at: 12 });
    expect(log.take(10)).toEqual([
      { remote: "192.0.2.7", method: "GET", from: 0, to: 8192, requests: 3, firstAt: 10, lastAt: 12 },
    ]);
    expect(log.hasPending).toBe(false);
  });

  it("joins the interleaved reads of a reader with several connections when it is written", () => {
    const log = new ReadLog();
    for (const from of [4096, 0, 8192, 2048, 6144])
      log.note({ remote: "a", method: "GET", from, to: from + 2048, at: 1 });
    expect(log.take(10)).toMatchObject([{ from: 0, to: 10_240, requests: 5 }]);
  });

  it("keeps apart readers, methods and gaps", () => {
    const log = new ReadLog();
    log.note({ remote: "a", method: "GET", from: 0, to: 10, at: 1 });
    log.note({ remote: "b", method: "GET", from: 10, to: 20, at: 2 });
    log.note({ remote: "a", method: "GET", from: 30, to: 40, at: 3 });
    log.note({ remote: "a", method: "HEAD", from: 0, to: 0, at: 4 });
    expect(log.take(10)).toMatchObject([
      { remote: "a", method: "GET", from: 0, to: 10 },
      { remote: "a", method: "GET", from: 30, to: 40 },
      { remote: "a", method: "HEAD", from: 0, to: 0 },
      { remote: "b", method: "GET", from: 10, to: 20 },
    ]);
  });

  it("says which read was the first that sent bytes", () => {
    const log = new ReadLog();
    expect(log.note({ remote: "a", method: "HEAD", from: 0, to: 0, at: 1 })).toBe(false);
    expect(log.note({ remote: "a", method: "GET", from: 0, to: 0, at: 2 })).toBe(false);
    expect(log.note({ remote: "a", method: "GET", from: 5, to: 6, at: 3 })).toBe(true);
    expect(log.note({ remote: "a", method: "GET", from: 5, to: 6, at: 4 })).toBe(false);
    expect(log.summary()).toMatchObject({ requests: 4, bytesSent: 2, coveredBytes: 1, firstReadAt: 3, lastReadAt: 4 });
  });

  it("has its first read behind it when it starts from stored reads", () => {
    const stored = [{ remote: "a", method: "GET", from: 0, to: 5, requests: 1, firstAt: 1, lastAt: 1 }] as const;
    const log = new ReadLog(stored);
    expect(log.note({ remote: "a", method: "GET", from: 5, to: 6, at: 3 })).toBe(false);
    expect(log.summary()).toMatchObject({ requests: 2, coveredBytes: 6, firstReadAt: 1, lastReadAt: 3 });
  });

  it("gives out at most so many records, and the rest the next time", () => {
    const log = new ReadLog();
    for (let index = 0; index < 25; index += 1)
      log.note({ remote: "a", method: "GET", from: index * 10, to: index * 10 + 5, at: index });
    const taken = [log.take(10), log.take(10), log.take(10)];
    expect(taken.map((records) => records.length)).toEqual([10, 10, 5]);
    expect(summariseReads(taken.flat())).toEqual(log.summary());
  });

  const randomReads = (log: ReadLog, count: number, places: number): void => {
    let state = 7;
    for (let index = 0; index < count; index += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const from = (state % places) * 10;
      log.note({ remote: "a", method: "GET", from, to: from + 4, at: index });
    }
  };
  const everything = Number.POSITIVE_INFINITY;

  it("loses no request and no byte under random reads", () => {
    const log = new ReadLog();
    randomReads(log, 30_000, 5000);
    const records = log.take(everything);
    expect(records.reduce((sum, { requests }) => sum + requests, 0)).toBe(30_000);
    expect(summariseReads(records).coveredBytes).toBe(log.summary().coveredBytes);
  });

  it("stays bounded under random reads of a huge image, loses no request and claims no byte too many", () => {
    const log = new ReadLog();
    randomReads(log, 100_000, 10_000_000);
    const records = log.take(everything);
    expect(records.length).toBeLessThanOrEqual(16_385);
    expect(log.summary().coverage.length).toBeLessThanOrEqual(65_536);
    expect(records.reduce((sum, { requests }) => sum + requests, 0)).toBe(100_000);
    expect(records.every(({ from, to }) => to - from === 4)).toBe(true);
  });

  it("takes back records that could not be written", () => {
    const log = new ReadLog();
    log.note({ remote: "a", method: "GET", from: 0, to: 10, at: 1 });
    const records = log.take(10);
    log.note({ remote: "a", method: "GET", from: 0, to: 10, at: 2 });
    log.restore(records);
    expect(log.take(10)).toEqual([{ remote: "a", method: "GET", from: 0, to: 10, requests: 2, firstAt: 1, lastAt: 2 }]);
  });
});
