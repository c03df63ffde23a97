// Waits for what a service does after it answered 202 (DSP0266 "Asynchronous operations"): by the monitor in Location, or by the Task in
// the body. A 202 with neither is left to whoever looks at the result.
import { MediabayError } from "../../../core/errors.ts";
import { messagesOf, rejection } from "../errors.ts";
import { taskResource } from "../schema.ts";
import { isOk, type Reply } from "./message.ts";
import { retryAfterMs } from "./retry-after.ts";
import type { Service } from "./service.ts";

const defaultIntervalMs = 1000;

const running = new Set([
  "New",
  "Pending",
  "Service",
  "Starting",
  "Stopping",
  "Running",
  "Suspended",
  "Interrupted",
  "Cancelling",
]);
const failed = new Set(["Exception", "Killed", "Cancelled"]);

/**
 * Resolves when the task of this answer has ended well, or when there is none to follow.
 * @throws MediabayError what the task failed with, BMC_TIMEOUT after `http.taskTimeoutMs`
 */
export const settle = async (service: Service, accepted: Reply): Promise<void> => {
  const monitor = accepted.status === 202 ? monitorOf(accepted) : undefined;
  if (monitor === undefined) return;
  const { clock, signal } = service.context;
  const deadline = clock.monotonic() + service.quirks.http.taskTimeoutMs;
  for (let last = accepted; ; ) {
    if (clock.monotonic() >= deadline) throw expired(accepted, monitor);
    await clock.sleep(retryAfterMs(last, clock.now()) ?? defaultIntervalMs, signal);
    last = await service.send({ method: "GET", path: monitor });
    if (isOver(service, accepted, last)) return;
  }
};

const monitorOf = ({ location, body }: Reply): string | undefined => {
  const task = taskResource.parse(body);
  return location ?? task.TaskMonitor ?? task["@odata.id"];
};

/** A monitor that is gone has served: what it watched is then read from the resource itself. */
const isOver = (service: Service, accepted: Reply, polled: Reply): boolean => {
  if (polled.status === 404 || polled.status === 410) return true;
  if (polled.status === 503 || polled.status === 429) return false;
  if (!isOk(polled)) throw service.refusal({ ...polled, request: accepted.request });
  const { TaskState, Messages } = taskResource.parse(polled.body);
  if (TaskState !== undefined && failed.has(TaskState)) throw taskFailure(service, accepted, polled, Messages);
  return polled.status !== 202 && (TaskState === undefined || !running.has(TaskState));
};

const taskFailure = (service: Service, { request }: Reply, polled: Reply, messages: readonly object[]): MediabayError =>
  rejection(
    { status: polled.status, messages: messagesOf({ "@Message.ExtendedInfo": messages }), text: "" },
    { operation: request.method, uri: request.path },
    service.quirks.errors.list,
  );

const expired = ({ request }: Reply, monitor: string): MediabayError =>
  new MediabayError("BMC_TIMEOUT", `The BMC's task for ${request.method} ${request.path} did not end in time.`, {
    protocol: "redfish",
    operation: request.method,
    uri: request.path,
    monitor,
  });
