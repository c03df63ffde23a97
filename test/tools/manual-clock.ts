// A clock that only moves when a test says so. Sleepers wake in the order of their time, each with room to run before the next.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../src/core/driver.ts";

interface Sleeper {
  readonly at: number;
  readonly order: number;
  wake(): void;
}

export class ManualClock implements Clock {
  #now: number;
  #monotonic = 0;
  #order = 0;
  readonly #sleepers = new Set<Sleeper>();

  /** `startMs` is the epoch time at which it stands; monotonic time begins at 0. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** How many sleeps are pending: for asserting that something waits, or that nothing was left behind. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        at: this.#monotonic + Math.max(0, ms),
        order: this.#order++,
        wake: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#sleepers.add(sleeper);
    });
  }

  /** Moves time forward by `ms`, waking everyone whose time comes on the way, those who fall asleep meanwhile included. */
  async advance(ms: number): Promise<void> {
    const target = this.#monotonic + ms;
    await this.settle();
    for (let next = this.#nextUntil(target); next; next = this.#nextUntil(target)) {
      this.#moveTo(next.at);
      this.#sleepers.delete(next);
      next.wake();
      await this.settle();
    }
    this.#moveTo(target);
    await this.settle();
  }

  /** Lets everything that needs no time run: promises, and input and output that is ready. */
  async settle(turns = 20): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await nextTurn();
  }

  /** Advances in steps of `stepMs` until `condition` holds. @throws Error after `limitMs` of manual time */
  async advanceUntil(condition: () => boolean, stepMs = 100, limitMs = 3_600_000): Promise<void> {
    const end = this.#monotonic + limitMs;
    await this.settle();
    while (!condition()) {
      if (this.#monotonic >= end) throw new Error("the condition did not come true in time");
      await this.advance(stepMs);
    }
  }

  #nextUntil(target: number): Sleeper | undefined {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (sleeper.at > target) continue;
      if (!next || sleeper.at < next.at || (sleeper.at === next.at && sleeper.order < next.order)) next = sleeper;
    }
    return next;
  }

  #moveTo(monotonic: number): void {
    this.#now += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }
}
