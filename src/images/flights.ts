// Work that several callers want at once and that is done once: it ends early only when the last of them has left.

export interface Flight<Waiter> {
  /** Who waits now. */
  readonly waiters: ReadonlySet<Waiter>;
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
  /** Those whom the result is for. From now on nobody leaves: who aborts gets the result all the same. */
  readonly seal: () => readonly Waiter[];
}

interface Running<Waiter, Result> extends Flight<Waiter> {
  readonly waiters: Set<Waiter>;
  readonly controller: AbortController;
  readonly sealed: () => boolean;
  readonly result: Promise<Result>;
}

export interface Flights<Waiter, Result> {
  /** Joins the work under this key, or starts it. Rejects with the signal's reason when the caller leaves. */
  join(
    key: string,
    waiter: Waiter,
    signal: AbortSignal,
    start: (flight: Flight<Waiter>) => Promise<Result>,
  ): Promise<Result>;
}

export const createFlights = <Waiter, Result>(): Flights<Waiter, Result> => {
  const flights = new Map<string, Running<Waiter, Result>>();

  const forget = (key: string, controller: AbortController): void => {
    if (flights.get(key)?.controller === controller) flights.delete(key);
  };

  const launch = (
    key: string,
    waiter: Waiter,
    start: (flight: Flight<Waiter>) => Promise<Result>,
  ): Running<Waiter, Result> => {
    const controller = new AbortController();
    const waiters = new Set([waiter]);
    let sealed = false;
    const flight: Flight<Waiter> = {
      waiters,
      signal: controller.signal,
      seal: () => {
        sealed = true;
        return [...waiters];
      },
    };
    const result = start(flight).finally(() => forget(key, controller));
    const running = { ...flight, waiters, controller, sealed: () => sealed, result };
    flights.set(key, running);
    return running;
  };

  /** The last to leave waits until the work has cleared up behind itself. */
  const leave = async (
    key: string,
    flight: Running<Waiter, Result>,
    waiter: Waiter,
    reason: unknown,
  ): Promise<void> => {
    flight.waiters.delete(waiter);
    if (flight.waiters.size > 0) return;
    forget(key, flight.controller);
    flight.controller.abort(reason);
    await Promise.allSettled([flight.result]);
  };

  return {
    async join(key, waiter, signal, start) {
      signal.throwIfAborted();
      const known = flights.get(key);
      known?.waiters.add(waiter);
      const flight = known ?? launch(key, waiter, start);
      const { promise: left, reject } = Promise.withResolvers<never>();
      const onAbort = (): void => {
        if (flight.sealed()) return;
        void leave(key, flight, waiter, signal.reason).then(() => reject(signal.reason));
      };
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        return await Promise.race([flight.result, left]);
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
    },
  };
};
