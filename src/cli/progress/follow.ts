// Prints events as they come, one line each; with `--json` one JSON object a line.
import { at, type RestClient } from "../client.ts";
import type { Cli } from "../context.ts";
import { formatTime, plain } from "../render.ts";
import { isObject } from "../views.ts";
import type { ServerEvent } from "./event-stream.ts";
import { watchEvents } from "./watch.ts";

const line = (event: ServerEvent, showOperation: boolean): string => {
  const parsed = JSON.parse(event.data) as unknown;
  const { at: when, operationId, data } = isObject(parsed) ? parsed : {};
  const time = typeof when === "string" ? formatTime(when) : "";
  const where = showOperation && typeof operationId === "string" ? `${operationId}  ` : "";
  return plain(`${time}  ${where}${event.type.padEnd(8)}  ${textOf(data)}`.trimEnd());
};

const textOf = (data: unknown): string => {
  if (typeof data === "string") return data;
  if (!isObject(data)) return data === undefined || data === null ? "" : JSON.stringify(data);
  const { title, name, state, text, error } = data;
  const message = isObject(error) && typeof error["message"] === "string" ? error["message"] : undefined;
  const known = [state, title ?? name, text, message].filter((part) => typeof part === "string");
  return known.length > 0 ? known.join(" · ") : JSON.stringify(data);
};

/** Ends with the operation, or at Ctrl-C, which is how one stops following and no failure. */
export const follow = async (cli: Cli, client: RestClient, id: string | undefined): Promise<void> => {
  const stop = new AbortController();
  const release = cli.io.onInterrupt(() => stop.abort());
  const path = id === undefined ? "/v1/events" : at`/v1/operations/${id}/events`;
  try {
    await watchEvents(client, path, id === undefined ? undefined : "0", stop.signal, (event) => {
      if (event.type === "end") return;
      const { id: seq, type, data } = event;
      const text = cli.json
        ? JSON.stringify({ seq: Number(seq), type, ...(JSON.parse(data) as object) })
        : line(event, id === undefined);
      cli.io.stdout.write(`${text}\n`);
    });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    release();
  }
};
