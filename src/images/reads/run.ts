// Which bytes were asked for in one go: consecutive requests, each of which begins where the former ended, or inside what was got until then.

export class Run {
  #from = 0;
  #to = 0;
  #firstAt = 0;
  #lastAt = 0;
  #isOld = false;
  #isRepeated = false;

  get from(): number {
    return this.#from;
  }

  get to(): number {
    return this.#to;
  }

  get firstAt(): number {
    return this.#firstAt;
  }

  get lastAt(): number {
    return this.#lastAt;
  }

  /** Begun before the medium settled, and not gone on with since. */
  get isOld(): boolean {
    return this.#isOld;
  }

  /** What it covers is kept by whoever asked: of what he had got he asked for nothing again. */
  isCopyOf(sizeBytes: number | undefined): boolean {
    return this.#from === 0 && this.#to > 0 && this.#to === sizeBytes && !this.#isRepeated;
  }

  /** The next request, which got `[from, to)` by `lastAt`. */
  take(from: number, to: number, firstAt: number, lastAt = firstAt): void {
    if (to <= from) return;
    const goesOn = this.#to > 0 && from <= this.#to && from >= (this.#isOld ? this.#to : this.#from);
    const beginsAnew = from === this.#from && to > this.#to;
    if (!goesOn || beginsAnew) {
      [this.#from, this.#to, this.#firstAt, this.#isRepeated] = [from, to, firstAt, false];
    } else if (to > this.#to) {
      this.#to = to;
    } else {
      this.#isRepeated = true;
    }
    this.#isOld = false;
    this.#lastAt = lastAt;
  }

  /** From now on only who begins exactly where it ended goes on with it. */
  settle(): void {
    this.#isOld = true;
  }
}
