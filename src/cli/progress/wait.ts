// Waits for an operation over its event stream, through restarts of the gateway, until it ended, the patience did, or Ctrl-C.
import type { Cli } from "../context.ts";
import { at, type RestClient } from "../client.ts";
import { type Failure, interrupted, refusal, timedOut, unreachable } from "../failure.ts";
import { isObject, type OperationJson, toOperation } from "../views.ts";
import type { ServerEvent } from "./event-stream.ts";
import { watchEvents } from "./watch.ts";
import { createView, type ProgressView, progressText } from "./view.ts";

const parseData = (event: ServerEvent): unknown => {
  try {
    const parsed = JSON.parse(event.data) as unknown;
    return isObject(parsed) ? parsed["data"] : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) throw unreachable("The gateway's events are not JSON.", error);
    throw error;
  }
};

/** Tells the view what an event means; titles come with a step's first event and are kept for its later ones. */
const narrator = (view: ProgressView): ((event: ServerEvent) => void) => {
  const titles = new Map<string, string>();
  const step = (data: Readonly<Record<string, unknown>>): void => {
    const { name, title, state, error } = data;
    if (typeof name !== "string") return;
    if (typeof title === "string") titles.set(name, title);
    const shown = titles.get(name) ?? name;
    if (state === "running") view.stepStarted(name, shown);
    if (state !== "done" && state !== "failed" && state !== "undone") return;
    // A step that was undone still carries the error for which it was; an undo that failed comes as a warning.
    const said = state === "failed" && isObject(error) ? error["message"] : undefined;
    const reason = typeof said === "string" ? said : undefined;
    view.stepEnded(name, shown, state, reason);
  };
  return (event) => {
    const data = parseData(event);
    if (event.type === "step" && isObject(data)) step(data);
    const text = progressText(data);
    if (event.type === "progress" && text !== undefined) view.progress(text);
    if (event.type === "warning" && text !== undefined) view.warning(text);
  };
};

/** Resolves with the operation once it ended, however it ended. @throws the signal's reason */
export const endOf = async (
  client: RestClient,
  id: string,
  signal: AbortSignal,
  tell: (event: ServerEvent) => void,
): Promise<OperationJson> => {
  await watchEvents(client, at`/v1/operations/${id}/events`, "0", signal, tell);
  return toOperation(await client.call("GET", at`/v1/operations/${id}`, { signal }));
};

/**
 * The same, shown while it goes on.
 * @throws Failure `timedOut` after `timeoutMs`, `interrupted` at Ctrl-C; in both cases the operation goes on
 */
export const waitForOperation = async (
  cli: Cli,
  client: RestClient,
  id: string,
  timeoutMs?: number,
): Promise<OperationJson> => {
  const stop = new AbortController();
  const release = cli.io.onInterrupt(() => stop.abort(interrupted(id)));
  const view = await createView(cli);
  const patience = timeoutMs === undefined ? undefined : giveUp(client, id, timeoutMs, stop);
  try {
    return await endOf(client, id, stop.signal, narrator(view));
  } catch (error) {
    stop.signal.throwIfAborted();
    throw error;
  } finally {
    stop.abort();
    release();
    await patience;
    await view.close();
  }
};

const giveUp = async (client: RestClient, id: string, timeoutMs: number, stop: AbortController): Promise<void> => {
  try {
    await client.clock.sleep(timeoutMs, stop.signal);
  } catch (error) {
    if (stop.signal.aborted) return;
    throw error;
  }
  stop.abort(timedOut(id));
};

/** The failure of an operation that did not succeed. */
export const operationFailure = (operation: OperationJson): Failure => {
  const { error } = operation;
  if (error === undefined) {
    const code = operation.state === "cancelled" ? "CANCELLED" : "INTERNAL";
    return refusal({ code, detail: `The operation ended as ${operation.state}.`, operation });
  }
  const { code, message, hint, context } = error;
  return refusal({
    type: `urn:mediabay:error:${code}`,
    title: code,
    code,
    detail: message,
    hint,
    context,
    operation,
  });
};
