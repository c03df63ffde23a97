// When a process in the foreground is told to stop. A second signal ends it at once.
const signals = ["SIGTERM", "SIGINT"] as const;

/** Runs `work` with what resolves at SIGTERM or SIGINT; listens from before its first line. */
export const untilSignalled = async (work: (stopped: Promise<void>) => Promise<void>): Promise<void> => {
  const stop = Promise.withResolvers<void>();
  const onSignal = (): void => stop.resolve();
  for (const signal of signals) process.once(signal, onSignal);
  try {
    await work(stop.promise);
  } finally {
    for (const signal of signals) process.removeListener(signal, onSignal);
  }
};
