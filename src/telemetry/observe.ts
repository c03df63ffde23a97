// What operations do, for the metrics and the log: one line and one count when each ends.
import { MediabayError } from "../core/errors.ts";
import type { Journal, Log, MachineStore } from "../core/ports.ts";
import type { OperationEvent, OperationRecord } from "../core/records.ts";
import type { ProtocolName } from "../core/vocabulary.ts";
import type { Metrics } from "./metrics.ts";

const endings = ["succeeded", "failed", "cancelled"] as const;

const endingOf = (event: OperationEvent): (typeof endings)[number] | undefined => {
  if (event.type !== "state" || event.data === null || typeof event.data !== "object" || !("state" in event.data))
    return undefined;
  const { state } = event.data;
  return endings.find((ending) => ending === state);
};

/** Step names carry an attachment's id behind the first word where an operation has several. */
const stepWord = (name: string): string => name.split(" ")[0] ?? name;

const count = (
  operation: OperationRecord,
  protocol: ProtocolName | "unknown",
  outcome: (typeof endings)[number],
  { metrics, log }: Observers,
): void => {
  const { kind } = operation;
  metrics.operationEnded({ kind, outcome });
  for (const step of operation.steps) {
    if (step.state === "running" || step.endedAt === undefined) continue;
    metrics.stepEnded({
      kind,
      protocol,
      step: stepWord(step.name),
      outcome: step.state,
      durationMs: step.endedAt - step.startedAt,
    });
  }
  const { id, machineName: machine, attachmentId: attachment, error } = operation;
  const durationMs = (operation.endedAt ?? operation.createdAt) - operation.createdAt;
  const fields = {
    operation: id,
    kind,
    machine,
    outcome,
    durationMs,
    ...(attachment && { attachment }),
    ...(error && { error }),
  };
  log[outcome === "failed" ? "warn" : "info"](fields, "operation ended");
};

/** A machine may be gone as soon as its operation has ended. */
const protocolOf = async (
  machines: Pick<MachineStore, "get">,
  { machineId }: OperationRecord,
): Promise<ProtocolName | "unknown"> => {
  try {
    return (await machines.get(machineId)).identity?.protocol ?? "unknown";
  } catch (error) {
    if (error instanceof MediabayError && error.code === "MACHINE_NOT_FOUND") return "unknown";
    throw error;
  }
};

interface Observers {
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Answers the function that stops observing. */
export const observe = (journal: Journal, machines: Pick<MachineStore, "get">, observers: Observers): (() => void) => {
  const note = async (event: OperationEvent): Promise<void> => {
    const outcome = endingOf(event);
    if (outcome === undefined) return;
    try {
      const operation = await journal.get(event.operationId);
      count(operation, await protocolOf(machines, operation), outcome, observers);
    } catch (error) {
      // A scrape without one count is better than an operation that fails for it.
      if (!(error instanceof MediabayError)) throw error;
      observers.log.warn({ operation: event.operationId, error }, "an ended operation was not counted");
    }
  };
  return journal.subscribe((event) => void note(event));
};
