// One at a time, in the order of asking.

/** Runs `work` alone among all that went through the same function; a failure frees the turn too. */
export type Exclusive = <T>(work: () => Promise<T>) => Promise<T>;

export const createExclusive = (): Exclusive => {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  };
};
