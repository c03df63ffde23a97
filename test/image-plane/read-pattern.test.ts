// What the order and the size of requests tell of what the host read: more is claimed nowhere.
import { describe, expect, it } from "vitest";
import type { ImageFile } from "../../src/core/configdrive.ts";
import { ReadLog } from "../../src/images/reads/read-log.ts";
import { summariseReads } from "../../src/images/reads/tally.ts";

const KiB = 1024;
const sizeBytes = 370 * KiB;
const sector = 2 * KiB;
const at = (index: number, path: string): ImageFile => ({
  path: `openstack/latest/${path}`,
  sizeBytes: 1000,
  extents: [{ from: 80 * KiB + index * sector, to: 80 * KiB + index * sector + 1000 }],
});
/** As genisoimage lays out a small config drive: descriptors, directories, then files side by side. */
const files = ["meta_data.json", "network_data.json", "user_data", "vendor_data.json"].map((path, index) =>
  at(index, path),
);
const hardLinks = files.map((file) => ({ ...file, path: file.path.replace("latest", "2012-08-10") }));

const logOf = (list: readonly ImageFile[] = files): ReadLog => {
  const log = new ReadLog();
  log.know(sizeBytes, list);
  return log;
};
/** Of a medium that is in. */
const settledLog = (list?: readonly ImageFile[]): ReadLog => {
  const log = logOf(list);
  log.settle(0);
  return log;
};
const read = (log: ReadLog, ranges: readonly (readonly [from: number, to: number])[]): void => {
  for (const [index, [from, to]] of ranges.entries())
    log.note({ remote: "192.0.2.7", method: "GET", from, to, at: index });
};
/** The blocks that a mount and the reading of one file take. */
const mount = [
  [32 * KiB, 34 * KiB],
  [34 * KiB, 36 * KiB],
  [60 * KiB, 62 * KiB],
] as const;
const fileBlock = (index: number) => [80 * KiB + index * sector, 82 * KiB + index * sector] as const;

describe("the pattern", () => {
  it("is none before any byte was sent, also after a HEAD", () => {
    const log = logOf();
    log.note({ remote: "192.0.2.7", method: "HEAD", from: 0, to: 0, at: 1 });
    expect(log.summary().pattern).toBe("none");
  });

  it.each([
    ["one GET", [[0, sizeBytes]]],
    [
      "consecutive chunks",
      [
        [0, 100 * KiB],
        [100 * KiB, 200 * KiB],
        [200 * KiB, sizeBytes],
      ],
    ],
    ["small consecutive chunks", Array.from({ length: 185 }, (_, index) => [index * sector, (index + 1) * sector])],
    [
      "a first look at one byte",
      [
        [0, 1],
        [0, sizeBytes],
      ],
    ],
    [
      "a retry after an interruption",
      [
        [0, 50 * KiB],
        [0, 90 * KiB],
        [50 * KiB, 370 * KiB],
      ],
    ],
    [
      "a resumed download",
      [
        [0, 90 * KiB],
        [90 * KiB, sizeBytes],
      ],
    ],
    [
      "a look at the volume descriptor before the download",
      [
        [32 * KiB, 34 * KiB],
        [0, sizeBytes],
      ],
    ],
    [
      "a download over several connections",
      [
        [128 * KiB, 256 * KiB],
        [0, 128 * KiB],
        [256 * KiB, sizeBytes],
      ],
    ],
    [
      "a mount through read-ahead of 256 KiB",
      [
        [32 * KiB, 288 * KiB],
        [0, 256 * KiB],
      ],
    ],
    ["the beginning of a download", [[0, 10 * KiB]]],
  ] as [string, [number, number][]][])("is download by %s", (_name, ranges) => {
    const log = logOf();
    read(log, ranges);
    expect(log.summary().pattern).toBe("download");
  });

  it("is pieces where the host's own blocks are asked for, and says which file was read", () => {
    const log = logOf();
    read(log, [...mount, fileBlock(2)]);
    const { pattern, files: seen } = log.summary();
    expect(pattern).toBe("pieces");
    expect(seen?.map(({ path, readBytes, completeAt }) => [path, readBytes, completeAt])).toEqual([
      ["openstack/latest/meta_data.json", 0, undefined],
      ["openstack/latest/network_data.json", 0, undefined],
      ["openstack/latest/user_data", 1000, 3],
      ["openstack/latest/vendor_data.json", 0, undefined],
    ]);
  });

  it("stays pieces when a host reads two neighbours at once, and takes hard links for one file", () => {
    const log = logOf([...files, ...hardLinks]);
    read(log, [...mount, [80 * KiB, 84 * KiB]]);
    expect(log.summary().pattern).toBe("pieces");
    read(log, [[80 * KiB, 86 * KiB]]);
    expect(log.summary().pattern).toBe("download");
  });

  it("stays pieces when a file lies scattered over what one request got", () => {
    const extents = [80, 84, 88].map((at) => ({ from: at * KiB, to: at * KiB + 2048 }));
    const log = logOf([{ path: "scattered", sizeBytes: 6144, extents }]);
    read(log, [...mount, [80 * KiB, 90 * KiB]]);
    expect(log.summary()).toMatchObject({ pattern: "pieces", files: [{ readBytes: 6144 }] });
  });

  it("is the same after a restart, also when what was asked for out of order was joined", () => {
    const log = logOf();
    read(log, [
      [0, 2048],
      [4096, 6144],
      [2048, 4096],
    ]);
    const stored = log.take(10);
    expect(stored).toMatchObject([{ from: 0, to: 6144, ahead: true }]);
    const again = new ReadLog(stored);
    again.know(sizeBytes, files);
    expect([log.summary().pattern, again.summary().pattern]).toEqual(["pieces", "pieces"]);
  });

  it("is pieces for an image whose files are not known, unless it is read in order or at once", () => {
    const log = logOf([]);
    read(log, [[32 * KiB, 200 * KiB]]);
    expect(log.summary()).toMatchObject({ pattern: "pieces" });
    expect(log.summary().files).toBeUndefined();
    read(log, [[0, sizeBytes]]);
    expect(log.summary().pattern).toBe("download");
  });
});

describe("what was read before the medium settled", () => {
  /** As a BMC looks at a medium before it says that it is in. */
  const probe = [
    [0, 64 * KiB],
    [32 * KiB, 34 * KiB],
    [sizeBytes - 64 * KiB, sizeBytes],
  ] as const;
  const inOrder = Array.from(
    { length: 6 },
    (_, at) => [at * 64 * KiB, Math.min(sizeBytes, (at + 1) * 64 * KiB)] as const,
  );

  it("tells nothing of the host, neither for a download nor against one", () => {
    const log = logOf();
    read(log, probe);
    expect(log.takeNews()).toBeUndefined();
    log.settle(9);
    expect(log.summary()).toMatchObject({ pattern: "none", requests: 3, settledBytes: 0, coveredBytes: 128 * KiB });
    read(log, inOrder);
    expect(log.summary()).toMatchObject({ pattern: "download", settledBytes: sizeBytes });
  });

  it("does not make a small drive unprovable, whose first block has bytes of all files", () => {
    const low = files.map((file, index) => ({
      ...file,
      extents: [{ from: 40 * KiB + index * sector, to: 40 * KiB + index * sector + 1000 }],
    }));
    const log = logOf(low);
    read(log, probe);
    log.settle(9);
    for (const index of [0, 2, 3, 1]) read(log, [...mount, [40 * KiB + index * sector, 42 * KiB + index * sector]]);
    expect(log.summary()).toMatchObject({ pattern: "pieces", files: low.map(() => ({ readBytes: 1000 })) });
  });

  it("stays a download where the BMC got all of it, in order, and asked for nothing twice", () => {
    const log = logOf();
    read(log, inOrder);
    log.settle(9);
    expect(log.summary()).toMatchObject({ pattern: "download", files: files.map(() => ({ readBytes: 1000 })) });
    expect(log.takeNews()).toEqual({ pattern: "download", whole: true, files: [] });
    log.settle(10);
    expect(log.summary().pattern).toBe("download");
  });

  it("is no download where a small image came whole with a probe", () => {
    const log = new ReadLog();
    log.know(60 * KiB, []);
    read(log, [
      [0, 60 * KiB],
      [32 * KiB, 34 * KiB],
      [0, 60 * KiB],
    ]);
    log.settle(9);
    expect(log.summary().pattern).toBe("none");
  });

  it("is the beginning of a download that goes on, also after a restart", () => {
    const log = logOf();
    read(log, inOrder.slice(0, 2));
    log.settle(9);
    read(log, inOrder.slice(2, 4));
    const again = new ReadLog(log.take(100));
    again.know(sizeBytes, files);
    for (const one of [log, again]) {
      expect(one.summary().pattern).toBe("download");
      read(one, inOrder.slice(4));
      expect(one.summary()).toMatchObject({ pattern: "download", files: files.map(() => ({ readBytes: 1000 })) });
    }
  });

  it("is forgotten again when the machine is reset", () => {
    const log = settledLog();
    read(log, [...mount, fileBlock(2)]);
    log.settle(9);
    const forgotten = { pattern: "none", files: files.map(() => ({ readBytes: 0 })), settledBytes: 0 };
    expect(log.summary()).toMatchObject(forgotten);
    const again = new ReadLog(log.take(100));
    again.know(sizeBytes, files);
    expect(again.summary()).toMatchObject(forgotten);
  });
});

describe("a run of requests", () => {
  it("that got every file is a download, whatever was asked for before", () => {
    const log = settledLog();
    read(log, [[sizeBytes - 2 * KiB, sizeBytes]]);
    read(
      log,
      Array.from({ length: 185 }, (_, index) => [index * sector, (index + 1) * sector] as const),
    );
    expect(log.summary().pattern).toBe("download");
  });

  it("that got some files only leaves it at pieces", () => {
    const log = settledLog();
    read(log, [...mount, fileBlock(0), fileBlock(1), fileBlock(2)]);
    expect(log.summary().pattern).toBe("pieces");
  });
});

describe("a stranger's reads", () => {
  it("are kept apart, and prove nothing", () => {
    const log = settledLog();
    for (const [from, to] of [...mount, fileBlock(2), [0, sizeBytes] as const]) {
      log.note({ remote: "192.0.2.66", method: "GET", from, to, at: 1, stranger: true });
    }
    const apart = { requests: 0, bytesSent: 0, coverage: [], remotes: [], pattern: "none" };
    expect(log.summary()).toMatchObject({ ...apart, strangers: { requests: 5, remotes: ["192.0.2.66"] } });
    expect(log.takeNews()).toBeUndefined();
    read(log, [...mount, fileBlock(2)]);
    expect(log.summary()).toMatchObject({ pattern: "pieces", requests: 4, remotes: ["192.0.2.7"] });
    expect(summariseReads(log.take(100)).strangers).toEqual(log.summary().strangers);
  });
});

describe("news", () => {
  it("are each file that a host read, once, and then that all were read", () => {
    const log = settledLog();
    read(log, [...mount, fileBlock(2)]);
    expect(log.takeNews()).toMatchObject({ pattern: "pieces", whole: false, files: [{ path: files[2]?.path }] });
    expect(log.takeNews()).toBeUndefined();
    read(log, [fileBlock(2), fileBlock(0), fileBlock(1), fileBlock(3)]);
    expect(log.takeNews()).toMatchObject({ whole: true, files: [{}, {}, {}] });
    read(log, [[0, sizeBytes]]);
    expect(log.takeNews()).toBeUndefined();
  });

  it("of a download are only that the BMC has all of it", () => {
    const log = settledLog();
    read(log, [[0, 100 * KiB]]);
    expect(log.takeNews()).toEqual({ pattern: "download", whole: true, files: [] });
    read(log, [[100 * KiB, sizeBytes]]);
    expect(log.takeNews()).toBeUndefined();
  });

  it("of an image whose files are not known wait for its last byte", () => {
    const log = settledLog([]);
    read(log, [[0, 100 * KiB]]);
    expect(log.takeNews()).toBeUndefined();
    read(log, [[100 * KiB, sizeBytes]]);
    expect(log.takeNews()).toEqual({ pattern: "download", whole: true, files: [] });
  });
});
