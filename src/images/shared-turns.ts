// Turns of two kinds over the same things: shared ones side by side, exclusive ones alone; nobody overtakes.

/** A failure frees the turn too. */
export interface SharedTurns {
  /** Beside other shared turns, but those for one `owner` one after the other. */
  shared<T>(owner: string | undefined, work: () => Promise<T>): Promise<T>;
  /** Alone. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
}

interface Turn {
  readonly owner: string | undefined;
  readonly ended: Promise<unknown>;
}

const endOf = (turn: Promise<unknown>): Promise<unknown> => Promise.allSettled([turn]);

export const createSharedTurns = (): SharedTurns => {
  let lastExclusive: Promise<unknown> = Promise.resolve();
  const sharedSince = new Set<Turn>();
  const endsSince = (owner?: string): readonly Promise<unknown>[] =>
    [...sharedSince].filter((turn) => owner === undefined || turn.owner === owner).map(({ ended }) => ended);

  return {
    shared: (owner, work) => {
      const turn = Promise.all([lastExclusive, ...(owner === undefined ? [] : endsSince(owner))]).then(work);
      const entry: Turn = { owner, ended: endOf(turn).then(() => sharedSince.delete(entry)) };
      sharedSince.add(entry);
      return turn;
    },
    exclusive: (work) => {
      const turn = Promise.all([lastExclusive, ...endsSince()]).then(work);
      lastExclusive = endOf(turn);
      sharedSince.clear();
      return turn;
    },
  };
};
