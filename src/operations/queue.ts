// Whose turn it is: one operation at a time per machine, in the order of acceptance; machines side by side up to a bound,
// each going to the back of the line after its turn.

export interface MachineQueue {
  /** An operation that is there already is not queued twice. */
  push(machineId: string, operationId: string): void;
  /** Takes a waiting operation out; false when it is not waiting. */
  remove(operationId: string): boolean;
  /** True while it waits or runs. */
  has(operationId: string): boolean;
  /** True while an operation of this machine waits or runs. */
  busy(machineId: string): boolean;
  /** Starts nothing any more. Resolves when nothing runs. */
  halt(): Promise<void>;
}

interface Line {
  readonly waiting: string[];
  running: string | undefined;
}

/** `run` must not reject. */
export const createMachineQueue = (concurrency: number, run: (operationId: string) => Promise<void>): MachineQueue => {
  const lines = new Map<string, Line>();
  const machineOf = new Map<string, string>();
  /** Machines with work and nothing running, in the order in which they came to be so. */
  const ready: string[] = [];
  const idle = Promise.withResolvers<void>();
  let running = 0;
  let halted = false;

  const next = (): void => {
    if (halted || running >= concurrency) return;
    const machineId = ready.shift();
    if (machineId === undefined) return;
    const line = lines.get(machineId);
    const operationId = line?.waiting.shift();
    if (line && operationId !== undefined) void turn(machineId, line, operationId);
    else lines.delete(machineId);
    next();
  };

  const turn = async (machineId: string, line: Line, operationId: string): Promise<void> => {
    line.running = operationId;
    running += 1;
    await run(operationId);
    running -= 1;
    line.running = undefined;
    machineOf.delete(operationId);
    if (line.waiting.length > 0) ready.push(machineId);
    else lines.delete(machineId);
    if (halted && running === 0) idle.resolve();
    next();
  };

  return {
    push(machineId, operationId) {
      if (machineOf.has(operationId)) return;
      machineOf.set(operationId, machineId);
      const line = lines.get(machineId) ?? { waiting: [], running: undefined };
      lines.set(machineId, line);
      line.waiting.push(operationId);
      if (line.running === undefined && line.waiting.length === 1) ready.push(machineId);
      next();
    },
    remove(operationId) {
      const line = lines.get(machineOf.get(operationId) ?? "");
      const index = line?.waiting.indexOf(operationId) ?? -1;
      if (!line || index < 0) return false;
      line.waiting.splice(index, 1);
      machineOf.delete(operationId);
      return true;
    },
    has: (operationId) => machineOf.has(operationId),
    busy(machineId) {
      const line = lines.get(machineId);
      return line !== undefined && (line.running !== undefined || line.waiting.length > 0);
    },
    halt() {
      halted = true;
      if (running === 0) idle.resolve();
      return idle.promise;
    },
  };
};
