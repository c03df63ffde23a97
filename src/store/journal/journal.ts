// The durable record of operations. Each method that writes is one transaction with the events that tell of it.
import type { Clock } from "../../core/driver.ts";
import type { Journal } from "../../core/ports.ts";
import type { Database } from "../tables/database.ts";
import type { Vault } from "../tables/vault.ts";
import { acceptOperation } from "./accept.ts";
import { beginCompensating, cancelOperation, finishOperation } from "./endings.ts";
import type { EventFeed } from "./event-feed.ts";
import { getOperation, listOperations, unfinishedOperations } from "./operation-rows.ts";
import { beginStep, changeStep, claimOperation, endStep } from "./steps.ts";

export const createJournal = (database: Database, vault: Vault, feed: EventFeed, clock: Clock): Journal => ({
  accept: (operation, attachment) =>
    feed.commit((tables, emit) =>
      acceptOperation(database, vault, tables, emit, { operation, attachment, now: clock.now() }),
    ),
  claim: (id) => feed.commit((tables, emit) => claimOperation(vault, tables, emit, id, clock.now())),
  beginStep: (claim, name, title) =>
    feed.commit((tables, emit) => beginStep(tables, emit, claim, { name, title, now: clock.now() })),
  endStep: (claim, name, output) =>
    feed.commit((tables, emit) => endStep(vault, tables, emit, claim, { name, output, now: clock.now() })),
  failStep: (claim, name, error) =>
    feed.commit((tables, emit) => changeStep(tables, emit, claim, { name, state: "failed", error, now: clock.now() })),
  undoneStep: (claim, name, error) =>
    feed.commit((tables, emit) =>
      changeStep(
        tables,
        emit,
        claim,
        error ? { name, state: "failed", error, now: clock.now() } : { name, state: "undone", now: clock.now() },
      ),
    ),
  compensating: (claim, error) =>
    feed.commit((tables, emit) => beginCompensating(tables, emit, claim, error, clock.now())),
  finish: (claim, state, outcome) =>
    feed.commit((tables, emit) => finishOperation(vault, tables, emit, claim, { state, outcome, now: clock.now() })),
  requestCancel: (id) => feed.commit((tables, emit) => cancelOperation(vault, tables, emit, id, clock.now())),
  unfinished: () => database.read(unfinishedOperations),
  get: (id) => database.read((tables) => getOperation(tables, id)),
  list: (page, filter) => database.read((tables) => listOperations(tables, page, filter ?? {})),
  progress: (operationId, type, data) => feed.progress(operationId, type, data),
  events: (after, operationId, limit) => feed.events(after, operationId, limit),
  subscribe: (listener) => feed.subscribe(listener),
});
