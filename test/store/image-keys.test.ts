// A destroyed key is in no file of the database any more, wherever its row has been meanwhile.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
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

const newIds = (count: number): string[] => Array.from({ length: count }, () => randomBytes(16).toString("hex"));

describe("a destroyed key", () => {
  it("is gone from the database file and from the write-ahead log when that resolves", async () => {
    const ids = newIds(3);
    await putMany(ids);
    const texts = [...wrapped().values()];
    expect(traces(texts)).toBe(3);
    const [first = "", ...others] = ids;
    const gone = wrapped().get(first) ?? "";
    await temp.store.imageKeys.destroy([first]);
    expect(traces([gone])).toBe(0);
    expect(traces([...wrapped().values()])).toBe(2);
    await temp.store.imageKeys.destroy(others);
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
      await temp.store.imageKeys.destroy(leaving.map(([id]) => id));
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

  it("is not reported gone while another process holds the log back, and goes when that ends", async () => {
    await temp.store.imageKeys.put("a", randomBytes(32));
    const texts = [...wrapped().values()];
    const reader = new DatabaseSync(database(), { readOnly: true });
    reader.exec("begin");
    reader.prepare("select count(*) from image_keys").get();
    let ended = false;
    const destroying = temp.store.imageKeys.destroy(["a"]).finally(() => (ended = true));
    for (let turn = 0; turn < 20; turn += 1) await temp.clock.advance(100);
    expect([ended, traces(texts)]).toEqual([false, 1]);
    reader.exec("commit");
    reader.close();
    await temp.clock.advance(200);
    await destroying;
    expect(traces(texts)).toBe(0);
  });

  it("fails by name when another process never ends, and succeeds when it is asked again after", async () => {
    await temp.store.imageKeys.put("a", randomBytes(32));
    const texts = [...wrapped().values()];
    const reader = new DatabaseSync(database(), { readOnly: true });
    reader.exec("begin");
    reader.prepare("select count(*) from image_keys").get();
    const [failing] = await Promise.all([
      Promise.allSettled([temp.store.imageKeys.destroy(["a"])]),
      temp.clock.advance(15_000),
    ]);
    expect(failing).toMatchObject([
      {
        status: "rejected",
        reason: { code: "STORE_UNAVAILABLE", message: expect.stringContaining("another process reads the database") },
      },
    ]);
    reader.close();
    await temp.store.imageKeys.destroy(["a"]);
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
