// Time for simulators: a test hands in its own and moves it; the machine's is the default.

export interface SimulatorClock {
  /** Milliseconds since the epoch. */
  now(): number;
}

export const systemClock: SimulatorClock = { now: () => Date.now() };
