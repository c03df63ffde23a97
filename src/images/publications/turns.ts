// What is done to one publication never overlaps.
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `work` after all that was given for this attachment before. */
  take<T>(attachmentId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(attachmentId);
    const turn = (async () => {
      await before;
      return await work();
    })();
    const settled: Promise<void> = Promise.allSettled([turn]).then(() => {
      if (this.#last.get(attachmentId) === settled) this.#last.delete(attachmentId);
    });
    this.#last.set(attachmentId, settled);
    return turn;
  }

  async allOver(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
