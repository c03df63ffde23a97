// A destroyed key is in no file of the database any more, wherever its row has been meanwhile.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Log } from "../../src/core/ports.ts";
import { openTempStore, type TempStore } from "../tools/temp-store.ts";

let temp: TempStore;
let commits: number;

beforeEach(async () => {
  commits = 0;
  temp = await openTempStore({ onCommit: (when) => (when === "after" ? (commits += 1) : undefined) });
});

afterEach(() => temp.close());

const database = (): string => join(temp.dir, "mediabay.db");

/** What the database's files hold, but for the shared memory, which is an index of page numbers. */
const raw = (): readonly Buffer[] =>
  [database(), `${database()}-wal`].filter((path) => existsSync(path)).map((path) => readFileSync(path));

/** The wrapped keys as their rows have them, by id. */
const wrapped = (): ReadonlyMap<string, string> => {
  const reader = new DatabaseSync(database(), { readOnly: true });
  const rows = reader.prepare("select id, sealed from image_keys").all();
  reader.close();
  return new Map(rows.map(({ id, sealed }) => [String(id), String(sealed)]));
};

/** How many of the texts are there, whole or in a part. */
const traces = (texts: readonly string[]): number => {
  const files = raw();
  const parts = texts.map((text) => [text, text.slice(0, 40), text.slice(80, 120), text.slice(-40)]);
  return parts.filter((list) => list.some((part) => files.some((bytes) => bytes.includes(part)))).length;
};

const putMany = (ids: readonly string[]): Promise<unknown> =>
  Promise.all(ids.map((id) => temp.store.imageKeys.put(id, randomBytes(32))));

const destroy = async (ids: readonly string[]): Promise<void> => {
  await temp.store.imageKeys.destroy(ids);
  await temp.store.imageKeys.scrubbed();
};

const newIds = (count: number): string[] => Array.from({ length: count }, () => randomBytes(16).toString("hex"));

describe("a destroyed key", () => {
  it("is gone from the database file and from the write-ahead log when it is scrubbed", async () => {
    const ids = newIds(3);
    await putMany(ids);
    const texts = [...wrapped().values()];
    expect(traces(texts)).toBe(3);
    const [first = "", ...others] = ids;
    const gone = wrapped().get(first) ?? "";
    await destroy([first]);
    expect(traces([gone])).toBe(0);
    expect(traces([...wrapped().values()])).toBe(2);
    await destroy(others);
    expect(traces(texts)).toBe(0);
  });

  it("leaves nothing behind where rows have moved from page to page for long", async () => {
    const gone: string[] = [];
    // The same history each time: with one of them in two, rows that are merely deleted leave a copy somewhere.
    let state = 1;
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    for (let round = 0; round < 16; round += 1) {
      await putMany(Array.from({ length: 100 }, (_, index) => `${round}-${index}`.padStart(32, "0")));
      const live = [...wrapped()];
      const leaving = live.filter(() => random() < 0.4);
      await destroy(leaving.map(([id]) => id));
      gone.push(...leaving.map(([, text]) => text));
      expect(traces(gone)).toBe(0);
      expect(wrapped().size).toBe(live.length - leaving.length);
    }
    expect(gone.length).toBeGreaterThan(1000);
  });

  it("is gone after a crash between its deletion and the end of the log, once the store is open again", async () => {
    await temp.store.imageKeys.put("a", randomBytes(32));
    const texts = [...wrapped().values()];
    await temp.reopen();
    // As a process leaves it that dies as soon as the deletion is on disk.
    const other = new DatabaseSync(database());
    other.exec("pragma secure_delete = on; delete from image_keys");
    expect(traces(texts)).toBe(1);
    other.close();
    const crashed = await temp.crash();
    expect(await crashed.imageKeys.ids()).toEqual([]);
    expect(traces(texts)).toBe(0);
  });

  it("costs one commit and one end of the log however many go at the same time", async () => {
    const ids = newIds(64);
    await putMany(ids);
    const before = commits;
    const [first = "", ...rest] = ids;
    await Promise.all([temp.store.imageKeys.destroy([first]), ...rest.map((id) => temp.store.imageKeys.destroy([id]))]);
    expect(commits - before).toBeLessThanOrEqual(2);
    expect(await temp.store.imageKeys.ids()).toEqual([]);
  });
});

describe("while another process reads the database", () => {
  let texts: readonly string[];
  let reader: DatabaseSync;
  let warnings: string[];

  beforeEach(async () => {
    warnings = [];
    const quiet = (): void => undefined;
    const log: Log = {
      debug: quiet,
      info: quiet,
      warn: (_, message) => warnings.push(message),
      error: quiet,
      child: () => log,
    };
    await temp.reopen({ log });
    await putMany(["a", "b", "c"]);
    texts = [...wrapped().values()];
    reader = new DatabaseSync(database(), { readOnly: true });
    reader.exec("begin");
    reader.prepare("select count(*) from image_keys").get();
  });

  afterEach(() => {
    if (reader.isOpen) reader.close();
  });

  it("a key is destroyed at once, and its last copies go two seconds later at the earliest", async () => {
    await temp.store.imageKeys.destroy(["a"]);
    expect(await temp.store.imageKeys.ids()).toEqual(["b", "c"]);
    let ended = false;
    const scrubbed = temp.store.imageKeys.scrubbed().finally(() => (ended = true));
    await temp.clock.advance(1_500);
    expect([ended, traces(texts)]).toEqual([false, 3]);
    reader.close();
    await temp.clock.advance(200);
    await scrubbed;
    expect([traces(texts), temp.clock.sleeping, warnings]).toEqual([2, 0, []]);
  });

  it("nobody waits longer than two seconds; it is warned of once, and done as soon as that process ends", async () => {
    await temp.store.imageKeys.destroy(["a"]);
    const scrubbed = temp.store.imageKeys.scrubbed();
    await temp.clock.advance(2_000);
    await scrubbed;
    await temp.clock.advance(100_000);
    expect([traces(texts), warnings]).toEqual([3, [expect.stringContaining("another process reads the database")]]);
    reader.close();
    await temp.clock.advance(10_000);
    expect([traces(texts), temp.clock.sleeping]).toEqual([2, 0]);
  });

  it("the next that is destroyed takes along what is owed for long", async () => {
    await temp.store.imageKeys.destroy(["a"]);
    await temp.clock.advance(100_000);
    reader.close();
    await destroy(["b"]);
    expect(traces(texts)).toBe(1);
  });

  it("what is owed at the end is done after the next start", async () => {
    await temp.store.imageKeys.destroy(["a", "b", "c"]);
    await temp.clock.advance(100_000);
    await temp.reopen();
    expect(traces(texts)).toBe(3);
    reader.close();
    await temp.clock.advance(10_000);
    expect([traces(texts), temp.clock.sleeping]).toEqual([0, 0]);
  });

  it("closing lets go who waits, and leaves nothing running", async () => {
    await temp.store.imageKeys.destroy(["a"]);
    const scrubbed = temp.store.imageKeys.scrubbed();
    await temp.clock.settle();
    await temp.store.close();
    await scrubbed;
    expect(temp.clock.sleeping).toBe(0);
    await temp.reopen();
  });
});

it("no key is in plain in any file", async () => {
  const key = randomBytes(32);
  await temp.store.imageKeys.put("a", key);
  const forms = [key, key.toString("base64"), key.toString("base64url"), key.toString("hex")];
  for (const form of forms) for (const bytes of raw()) expect(bytes.includes(form)).toBe(false);
});

it("a key of another row does not open", async () => {
  await putMany(["a", "b"]);
  await temp.store.close();
  const other = new DatabaseSync(database());
  other.exec("update image_keys set sealed = (select sealed from image_keys where id = 'a') where id = 'b'");
  other.close();
  await temp.reopen();
  expect(await temp.store.imageKeys.get("a")).toHaveLength(32);
  await expect(temp.store.imageKeys.get("b")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
});
