// How many requests a BMC bears, how fast they may follow each other, and how long it is gone when it was too much.
import { type SimulatorClock, sleepOn } from "../../clock.ts";
import type { Personality } from "../personality/index.ts";

export class Pace {
  readonly #http: Personality["http"];
  readonly #clock: SimulatorClock;
  readonly #latencyMs: number;
  readonly #closed: AbortSignal;
  #inFlight = 0;
  #lastReplyAt = Number.NEGATIVE_INFINITY;
  #goneUntil = 0;

  constructor(http: Personality["http"], clock: SimulatorClock, latencyMs: number | undefined, closed: AbortSignal) {
    this.#http = http;
    this.#clock = clock;
    this.#latencyMs = latencyMs ?? http.latencyMs;
    this.#closed = closed;
  }

  /** Nobody answers now. */
  get gone(): boolean {
    return this.#clock.now() < this.#goneUntil;
  }

  goneFor(ms: number): void {
    this.#goneUntil = this.#clock.now() + ms;
  }

  /** False when this request is one too many. Each call is followed by one of `end`. */
  begin(): boolean {
    const { maxInFlight, minGapMs } = this.#http;
    this.#inFlight += 1;
    const crowded = maxInFlight > 0 && this.#inFlight > maxInFlight;
    return !crowded && this.#clock.now() - this.#lastReplyAt >= minGapMs;
  }

  end(): void {
    this.#inFlight -= 1;
    this.#lastReplyAt = this.#clock.now();
  }

  async delay(): Promise<void> {
    await sleepOn(this.#clock, this.#latencyMs, this.#closed);
  }
}
