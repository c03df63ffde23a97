// What may happen thousands of times a second is counted, and told once a minute.

const minuteMs = 60_000;

export class OnceAMinute {
  /** Since it was last told. */
  #times = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** It happened once more. Answers how often since it was last told where it is to be told now. @param now monotonic */
  note(now: number): number | undefined {
    this.#times += 1;
    if (now - this.#toldAt < minuteMs) return undefined;
    const times = this.#times;
    this.#toldAt = now;
    this.#times = 0;
    return times;
  }
}
