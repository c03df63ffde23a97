// The process's log: JSON lines through pino, every field and message redacted before pino sees it.
import { destination, pino } from "pino";
import type { Logger } from "pino";
import type { Clock } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { Log } from "../core/ports.ts";
import { redact, redactText } from "../core/redact.ts";

export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogSettings {
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Where the lines go, each ending in a line feed. Default: standard output, written at once. */
  readonly stream?: { write(line: string): void };
}

/** Names that pino writes itself: a field of that name would make a line with two of them. */
const reservedNames = new Set(["level", "time", "msg"]);
const deepestCause = 5;

/** An error's own properties are not enumerable, and foreign ones (a parser's `body`) may be secret: only these are taken. */
const describeError = (error: Error, depth = 0): object => {
  return {
    type: error.name,
    message: error.message,
    ...("code" in error && typeof error.code === "string" && { code: error.code }),
    ...(error instanceof MediabayError && { context: error.context }),
    stack: error.stack,
    ...(error.cause !== undefined && depth < deepestCause && { cause: describe(error.cause, depth + 1) }),
    ...(error instanceof AggregateError &&
      depth < deepestCause && { errors: error.errors.slice(0, 10).map((item) => describe(item, depth + 1)) }),
  };
};

const describe = (value: unknown, depth = 0): unknown => (value instanceof Error ? describeError(value, depth) : value);

const safeFields = (fields: object): object => {
  const described = Object.entries(fields).map(([name, value]) => [
    reservedNames.has(name) ? `${name}_` : name,
    describe(value),
  ]);
  const safe: object = redact(Object.fromEntries(described));
  return safe;
};

const over = (logger: Logger): Log => {
  const at = (level: "debug" | "info" | "warn" | "error") => (fields: object, message: string) => {
    if (logger.isLevelEnabled(level)) logger[level](safeFields(fields), redactText(message));
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => over(logger.child(safeFields(fields))),
  };
};

/** One JSON object a line: `level` (word), `time` (ISO 8601), the fields, `msg`. */
export const createLog = ({ level, clock, stream }: LogSettings): Log =>
  over(
    pino(
      {
        level,
        base: null,
        timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
      },
      stream ?? destination({ fd: 1, sync: true }),
    ),
  );
