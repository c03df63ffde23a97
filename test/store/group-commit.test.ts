import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSqlite } from "../../src/store/sqlite.ts";
import { sampleMachine, sampleOperation } from "../tools/store-samples.ts";
import { openTempStore, type TempStore } from "../tools/temp-store.ts";

const withStore = async (work: (temp: TempStore, commits: () => number) => Promise<void>): Promise<void> => {
  let commits = 0;
  const temp = await openTempStore({
    onCommit: (when) => {
      if (when === "after") commits += 1;
    },
  });
  try {
    await work(temp, () => commits);
  } finally {
    await temp.close();
  }
};

const numbers = Array.from({ length: 20 }, (_, index) => index);

describe("writes wanted at the same time", () => {
  it("share one commit, and end in the order of calls", () =>
    withStore(async ({ store }, commits) => {
      const before = commits();
      const ended: number[] = [];
      const create = async (number: number): Promise<void> => {
        await store.machines.create(sampleMachine(`m${number}`), []);
        ended.push(number);
      };
      await Promise.all(numbers.map(create));
      expect(commits() - before).toBe(1);
      expect(ended).toEqual(numbers);
      expect(await store.machines.count()).toBe(numbers.length);
    }));

  it("fail alone: nothing is left of the one, and nothing lost of the others", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mediabay-store-"));
    const database = await openSqlite(join(folder, "x.db"));
    try {
      const hold = (holder: string): Promise<void> =>
        database.write(async (tables) => {
          await tables.insertInto("image_holds").values({ digest: "d", holder }).execute();
          if (holder === "undecided") throw new RangeError("changed its mind");
        });
      const outcomes = await Promise.allSettled(["first", "undecided", "last"].map(hold));
      expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      const rows = await database.read((tables) => tables.selectFrom("image_holds").select("holder").execute());
      expect(rows.map(({ holder }) => holder)).toEqual(["first", "last"]);
    } finally {
      await database.close();
      await rm(folder, { recursive: true });
    }
  });

  it("are on disk before the store is closed", () =>
    withStore(async (temp) => {
      const writing = temp.store.machines.create(sampleMachine("late"), []);
      await temp.reopen();
      await writing;
      expect((await temp.store.machines.get("late")).name).toBe("late");
    }));
});

describe("events of operations that go on side by side", () => {
  it("are told and kept in one order, progress that comes during a commit among them", async () => {
    const reports: Promise<void>[] = [];
    let report = (): void => undefined;
    const temp = await openTempStore({ onCommit: (when) => (when === "before" ? report() : undefined) });
    try {
      const heard: number[] = [];
      const { journal, machines } = temp.store;
      journal.subscribe((event) => heard.push(event.seq));
      report = () => reports.push(journal.progress("op0", "progress", {}));
      const follow = async (number: number): Promise<void> => {
        const id = `op${number}`;
        await machines.create(sampleMachine(`m${number}`), []);
        await journal.accept(sampleOperation(id, { machineId: `id-m${number}` }));
        const { claim } = await journal.claim(id);
        await Promise.all([journal.beginStep(claim, "one", "First"), journal.progress(id, "progress", { number })]);
        await journal.endStep(claim, "one", {});
        await journal.finish(claim, "succeeded", {});
      };
      await Promise.all(numbers.map(follow));
      report = () => undefined;
      await Promise.all(reports);
      expect(reports.length).toBeGreaterThan(4);
      expect(heard).toEqual(heard.toSorted((left, right) => left - right));
      expect((await journal.events(0)).map(({ seq }) => seq)).toEqual(heard);
      await temp.reopen();
      expect((await temp.store.journal.events(0)).map(({ seq }) => seq)).toEqual(heard);
    } finally {
      await temp.close();
    }
  });
});
