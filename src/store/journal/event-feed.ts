// Events of operations. Those that matter are committed with what they tell of; progress waits in memory for the next commit,
// so that a download's many reports cost no disk flush. All of them get their number, and reach the listeners, in one order.
import type { Clock, Json } from "../../core/driver.ts";
import type { OperationEvent } from "../../core/records.ts";
import { redact } from "../../core/redact.ts";
import type { Database, Tables } from "../tables/database.ts";
import { fromText, toText } from "../tables/json.ts";
import type { EventsTable } from "../tables/schema.ts";

export type Emit = (operationId: string, type: OperationEvent["type"], data: Json) => Promise<void>;

/** More than this many reports in memory are written without waiting for a commit; below the gap that a restart leaves. */
const pendingLimit = 256;

export class EventFeed {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: OperationEvent) => void>();
  /** Progress that is not known to be on disk. */
  #pending: readonly OperationEvent[] = [];
  /** Of it, what a commit under way has taken along. */
  readonly #carried = new Set<OperationEvent>();

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** One transaction of `change`, its events and the progress that waited; listeners hear of them once it is on disk. */
  async commit<T>(change: (tables: Tables, emit: Emit) => Promise<T>): Promise<T> {
    const emitted: OperationEvent[] = [];
    let carried: readonly OperationEvent[] = [];
    try {
      const result = await this.#database.write(async (tables) => {
        carried = this.#pending.filter((event) => !this.#carried.has(event));
        for (const event of carried) this.#carried.add(event);
        await insertEvents(tables, carried);
        const emit: Emit = async (operationId, type, data) => {
          const event = await this.#next(operationId, type, data);
          await insertEvents(tables, [event]);
          emitted.push(event);
        };
        return change(tables, emit);
      });
      this.#pending = this.#pending.filter((event) => !carried.includes(event));
      this.#tell(emitted);
      return result;
    } finally {
      for (const event of carried) this.#carried.delete(event);
    }
  }

  /** Writes nothing, but takes its number in the line of those that do. */
  async progress(operationId: string, type: OperationEvent["type"], data: Json): Promise<void> {
    const reported = await this.#database.write(async () => {
      const event = await this.#next(operationId, type, data);
      this.#pending = [...this.#pending, event];
      return event;
    });
    this.#tell([reported]);
    if (this.#pending.length > pendingLimit) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#pending.length > 0) await this.commit(async () => undefined);
  }

  /** After number `after`, oldest first. */
  async events(after: number, operationId?: string, limit = 1000): Promise<readonly OperationEvent[]> {
    // Taken before the rows are read: what is flushed in between is then seen twice rather than never.
    const waiting = this.#pending;
    const rows = await this.#database.read((tables) => {
      let query = tables.selectFrom("events").selectAll().where("seq", ">", after).orderBy("seq").limit(limit);
      if (operationId !== undefined) query = query.where("operation_id", "=", operationId);
      return query.execute();
    });
    const stored = rows.map(toEvent);
    const lastStored = stored.at(-1)?.seq ?? after;
    const fresh = waiting.filter(
      (event) => event.seq > lastStored && (operationId === undefined || event.operationId === operationId),
    );
    return [...stored, ...fresh].slice(0, limit);
  }

  subscribe(listener: (event: OperationEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #next(operationId: string, type: OperationEvent["type"], data: Json): Promise<OperationEvent> {
    return { seq: await this.#database.next("events"), operationId, at: this.#clock.now(), type, data: redact(data) };
  }

  #tell(events: readonly OperationEvent[]): void {
    for (const event of events) {
      for (const listener of this.#listeners) this.#tellOne(listener, event);
    }
  }

  /** What was committed stays committed: a listener that throws is a defect of its own and no failure of the store. */
  #tellOne(listener: (event: OperationEvent) => void, event: OperationEvent): void {
    try {
      listener(event);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }
}

const insertEvents = async (tables: Tables, events: readonly OperationEvent[]): Promise<void> => {
  if (events.length > 0) await tables.insertInto("events").values(events.map(toRow)).execute();
};

const toRow = (event: OperationEvent): EventsTable => ({
  seq: event.seq,
  operation_id: event.operationId,
  at: event.at,
  type: event.type,
  data: toText(event.data),
});

const toEvent = (row: EventsTable): OperationEvent => ({
  seq: row.seq,
  operationId: row.operation_id,
  at: row.at,
  type: row.type as OperationEvent["type"],
  data: fromText(row.data) as Json,
});
