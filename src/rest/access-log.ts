// One line a request: who, what, how it went. Without the query and the body, which may hold secrets.
import type { RequestHandler } from "express";
import type { Clock } from "../core/driver.ts";
import type { Log } from "../core/ports.ts";

const longestPath = 256;

/** Decoded where it can be, so that the log's masks recognise what was percent-encoded. */
const readable = (path: string): string => {
  const cut = path.slice(0, longestPath);
  try {
    return decodeURIComponent(cut);
  } catch (error) {
    if (error instanceof URIError) return cut;
    throw error;
  }
};

/** Logs at info when the answer is complete or the client has gone. */
export const accessLog =
  (log: Log, clock: Clock): RequestHandler =>
  (request, response, next) => {
    const startedMs = clock.monotonic();
    const { method, path } = request;
    const remote = request.socket.remoteAddress;
    response.once("close", () => {
      const { actor, instance } = response.locals;
      log.info(
        {
          method,
          path: readable(path),
          status: response.statusCode,
          durationMs: Math.round(clock.monotonic() - startedMs),
          remote,
          ...(typeof actor === "string" && { actor }),
          ...(typeof instance === "string" && { instance }),
          ...(!response.writableFinished && { cut: true }),
        },
        "request",
      );
    });
    next();
  };
