import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import { translateSqliteError } from "../../src/store/sqlite-errors.ts";
import { sampleAttachment, sampleMachine, sampleOperation } from "../tools/store-samples.ts";
import { openTempStore, type TempStore } from "../tools/temp-store.ts";

const image = { digest: "d1", sizeBytes: 1, format: "fat", createdAt: 1, lastUsedAt: 1 } as const;
const read = { remote: "192.0.2.7", method: "GET", from: 0, to: 1, requests: 1, firstAt: 1, lastAt: 1 } as const;
const publication = {
  token: "t",
  url: "http://192.0.2.1/m/t/x.iso",
  fileName: "x.iso",
  digest: "d1",
  attachmentId: "a1",
  machineId: "id-m1",
  bmcAddresses: [],
  createdAt: 1,
};

const withStore = async (work: (temp: TempStore, commits: () => number) => Promise<void>): Promise<void> => {
  let begun = 0;
  let ended = 0;
  const temp = await openTempStore({
    onCommit: (when, ordinal) => {
      if (when === "before") begun += 1;
      else ended += 1;
      expect([begun, ended][when === "before" ? 0 : 1]).toBe(ordinal);
    },
  });
  try {
    await work(temp, () => {
      expect(ended).toBe(begun);
      return begun;
    });
  } finally {
    await temp.close();
  }
};

describe("commits", () => {
  it("are one for each call that writes, in every catalog", () =>
    withStore(async ({ store }, commits) => {
      const costs = async (expected: number, work: () => Promise<unknown>): Promise<void> => {
        const before = commits();
        await work();
        expect({ call: work.toString(), commits: commits() - before }).toEqual({
          call: work.toString(),
          commits: expected,
        });
      };
      const { machines, journal, images, publications, tokens, audit, attachments } = store;
      await costs(1, () =>
        machines.create(sampleMachine("m1", { labels: { a: "b" } }), [{ username: "u", password: "p" }]),
      );
      await costs(1, () => machines.update(sampleMachine("m1"), ["keep"]));
      await costs(1, () => machines.remember("id-m1", {}));
      await costs(1, () => machines.saveOpenSession("id-m1", {}));
      const key = { idempotencyKey: "k", requestHash: "h" };
      await costs(1, () =>
        journal.accept(sampleOperation("op1", { attachmentId: "a1", ...key }), sampleAttachment("a1")),
      );
      await costs(0, () => journal.accept(sampleOperation("op2", key)));
      await costs(0, () => journal.progress("op1", "progress", {}));
      const { claim } = await journal.claim("op1");
      await costs(1, () => journal.beginStep(claim, "one", "First"));
      await costs(0, () => journal.progress("op1", "progress", {}));
      await costs(1, () => journal.endStep(claim, "one", {}));
      await costs(1, () => attachments.update("a1", { state: "attached" }));
      await costs(1, () => images.put(image));
      await costs(1, () => images.hold("d1", "a1"));
      await costs(0, () => images.hold("d1", "a1"));
      await costs(1, () => publications.put(publication));
      await costs(1, () => publications.addReads("a1", [read, read]));
      await costs(1, () => publications.withdraw("a1", 2));
      await costs(0, () => publications.withdraw("a1", 3));
      await costs(1, () => images.release("a1"));
      await costs(0, () => images.release("a1"));
      await costs(1, () => journal.finish(claim, "succeeded", {}));
      await costs(0, () => journal.requestCancel("op1"));
      await costs(1, () => audit.append({ at: 1, actor: "a", action: "b", detail: null }));
      const { token } = await tokens.create("one", "reader");
      await costs(1, () => tokens.find(token));
      await costs(0, () => tokens.find(token));
      await costs(0, () => machines.list({ limit: 5 }));
      await costs(1, () => machines.saveOpenSession("id-m1", undefined));
      await costs(0, () => machines.saveOpenSession("id-m1", undefined));
      await costs(1, () => machines.remove("id-m1"));
    }));

  it("are none when a store is opened that has been opened before", () =>
    withStore(async (temp, commits) => {
      const first = commits();
      expect(first).toBeGreaterThan(0);
      await temp.reopen();
      expect(commits()).toBe(first);
    }));

  it("that fail leave nothing", () =>
    withStore(async ({ store }, commits) => {
      await store.machines.create(sampleMachine("m1"), []);
      const before = commits();
      const twin = sampleMachine("m1", { id: "twin" });
      await expect(store.machines.create(twin, [{ username: "u", password: "p" }])).rejects.toMatchObject({
        code: "MACHINE_EXISTS",
      });
      expect(commits()).toBe(before);
      await store.machines.create({ ...twin, name: "free" }, []);
      expect((await store.machines.endpoint("twin", 0)).credentials).toBeUndefined();
    }));
});

describe("a disk that fails", () => {
  it("refuses what it cannot keep, goes on answering what it has, and closes", async () => {
    const dir = mkdtempSync(join(tmpdir(), "mediabay-limit-"));
    try {
      const words = [process.execPath, join(import.meta.dirname, "fill-process.ts"), dir];
      const { stdout } = await promisify(execFile)("bash", ["-c", 'ulimit -f 1000 && exec "$@"', "bash", ...words]);
      const { made, count, ...outcomes } = JSON.parse(stdout) as Record<string, unknown>;
      expect(outcomes).toEqual({ outcome: "STORE_UNAVAILABLE", again: "STORE_UNAVAILABLE" });
      expect(made).toBeGreaterThan(5);
      expect(count).toBe(made);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it("makes the store unavailable, with the cause, and not wrong", async () => {
    const dir = mkdtempSync(join(tmpdir(), "mediabay-full-"));
    const db = new DatabaseSync(join(dir, "x.db"));
    try {
      db.exec("create table t (x text); pragma max_page_count = 3");
      const fill = (): unknown => db.prepare("insert into t values (?)").run("x".repeat(50_000));
      let thrown: unknown;
      try {
        fill();
      } catch (error) {
        thrown = error;
      }
      expect(translateSqliteError(thrown)).toMatchObject({
        code: "STORE_UNAVAILABLE",
        message: "The store's disk is full.",
        cause: thrown,
      });
    } finally {
      db.close();
      rmSync(dir, { recursive: true });
    }
  });

  it.each([
    [5, "locked"],
    [261, "locked"],
    [8, "read-only"],
    [1032, "read-only"],
    [10, "fails"],
    [778, "fails"],
    [11, "damaged"],
    [13, "full"],
    [14, "cannot be opened"],
    [26, "not a database"],
  ])("is told from SQLite's result code %i as '%s'", (errcode, words) => {
    const error = Object.assign(new Error("x"), { code: "ERR_SQLITE_ERROR", errcode });
    expect(translateSqliteError(error)).toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining(words),
      cause: error,
    });
  });

  it("is not blamed for defects of ours", () => {
    const syntax = Object.assign(new Error("x"), { code: "ERR_SQLITE_ERROR", errcode: 1 });
    expect(translateSqliteError(syntax)).toMatchObject({ code: "INTERNAL" });
    const foreign = new TypeError("x");
    expect(translateSqliteError(foreign)).toBe(foreign);
    const known = new MediabayError("NOT_FOUND", "x");
    expect(translateSqliteError(known)).toBe(known);
  });

  it("that lost the database's beginning or its end is noticed", async () => {
    const temp = await openTempStore();
    await temp.store.machines.create(sampleMachine("m1"), []);
    await temp.reopen();
    await temp.store.close();
    const file = join(temp.dir, "mediabay.db");
    const whole = join(temp.dir, "whole.db");
    copyFileSync(file, whole);
    writeFileSync(file, "not a database at all, and long enough to be read as one ".repeat(20));
    await expect(temp.reopen()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    copyFileSync(whole, file);
    truncateSync(file, 8_192);
    await expect(temp.reopen()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    copyFileSync(whole, file);
    await temp.reopen();
    expect((await temp.store.machines.get("m1")).name).toBe("m1");
    await temp.close();
  });
});

describe("the store's files", () => {
  it("are for the owner only", async () => {
    const temp = await openTempStore();
    try {
      for (const name of ["mediabay.db", "mediabay.db-wal", "mediabay.db-shm"]) {
        expect({ name, mode: statSync(join(temp.dir, name)).mode & 0o777 }).toEqual({ name, mode: 0o600 });
      }
    } finally {
      await temp.close();
    }
  });

  it("are refused when a newer version wrote them", async () => {
    const temp = await openTempStore();
    await temp.store.close();
    const db = new DatabaseSync(join(temp.dir, "mediabay.db"));
    db.exec("insert into kysely_migration values ('9999-later', '2099-01-01T00:00:00.000Z')");
    db.close();
    await expect(temp.reopen()).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: "The store was written by a newer Mediabay.",
    });
    rmSync(temp.dir, { recursive: true });
  });

  it("stop answering once the store is closed", async () => {
    const temp = await openTempStore();
    await temp.store.close();
    await expect(temp.store.machines.count()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(readFileSync(join(temp.dir, "mediabay.db")).byteLength).toBeGreaterThan(0);
    rmSync(temp.dir, { recursive: true });
  });
});
