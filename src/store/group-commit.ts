// Writes that are wanted at the same time share one transaction, and so one flush of the disk: with many machines at once everything
// would otherwise wait for flushes. Each is a savepoint of its own: one that fails leaves nothing and spoils no other.
import { sql } from "kysely";
import type { Database, Tables } from "./tables/database.ts";

export interface GroupedWrites {
  /** In the order of calls, also in that of their ends. */
  readonly write: Database["write"];
  /** Resolves when nothing waits. */
  idle(): Promise<void>;
}

interface Wanted {
  run(tables: Tables): Promise<Ended>;
  fail(error: unknown): void;
}

/** What is left to do once it is on disk: to tell who asked. */
type Ended = () => void;

/** So that nobody waits for long behind others. */
const mostPerCommit = 64;

export const groupWrites = (tables: Tables): GroupedWrites => {
  const waiting: Wanted[] = [];
  let working: Promise<void> | undefined;

  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      // What the event loop has at hand beside this one goes along.
      await new Promise((resolve) => setImmediate(resolve));
      await commitTogether(tables, waiting.splice(0, mostPerCommit));
    }
    working = undefined;
  };

  return {
    write: (change) =>
      new Promise((resolve, reject) => {
        waiting.push({
          run: async (shared) => {
            const result = await change(shared);
            return () => resolve(result);
          },
          fail: reject,
        });
        working ??= work();
      }),
    idle: async () => working,
  };
};

const commitTogether = async (tables: Tables, wanted: readonly Wanted[]): Promise<void> => {
  const [only] = wanted;
  try {
    const ended = await tables
      .transaction()
      .execute((shared) =>
        wanted.length === 1 && only !== undefined ? alone(shared, only) : together(shared, wanted),
      );
    for (const tell of ended) tell();
  } catch (error) {
    for (const { fail } of wanted) fail(error);
  }
};

const alone = async (shared: Tables, wanted: Wanted): Promise<readonly Ended[]> => [await wanted.run(shared)];

const together = async (shared: Tables, wanted: readonly Wanted[]): Promise<readonly Ended[]> => {
  const ended: Ended[] = [];
  for (const one of wanted) ended.push(await apart(shared, one));
  return ended;
};

const apart = async (shared: Tables, wanted: Wanted): Promise<Ended> => {
  await sql`savepoint one`.execute(shared);
  try {
    const ended = await wanted.run(shared);
    await sql`release one`.execute(shared);
    return ended;
  } catch (error) {
    await undo(shared, error);
    return () => wanted.fail(error);
  }
};

/** @throws the failure itself where SQLite has rolled back everything: https://www.sqlite.org/lang_transaction.html §3 */
const undo = async (shared: Tables, failure: unknown): Promise<void> => {
  try {
    await sql`rollback to one`.execute(shared);
    await sql`release one`.execute(shared);
  } catch (error) {
    throw error instanceof Error ? failure : error;
  }
};
