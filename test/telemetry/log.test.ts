// The log: JSON lines, by level, and nothing secret in them whatever is handed in.
import { describe, expect, it } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import type { Log } from "../../src/core/ports.ts";
import { createLog } from "../../src/telemetry/log.ts";
import type { LogLevel } from "../../src/telemetry/log.ts";
import { ManualClock } from "../tools/manual-clock.ts";

const capture = (level: LogLevel = "debug") => {
  const lines: string[] = [];
  const clock = new ManualClock();
  const log = createLog({ level, clock, stream: { write: (line) => void lines.push(line) } });
  return { log, lines, records: (): Record<string, unknown>[] => lines.map((line) => JSON.parse(line)) };
};

describe("a line", () => {
  it("is one JSON object with level, time, fields and message", async () => {
    const { log, lines, records } = capture();
    log.info({ machine: "node1", n: 1 }, "attached");
    expect(lines[0]?.endsWith("}\n")).toBe(true);
    expect(records()).toEqual([
      { level: "info", time: "2026-01-01T00:00:00.000Z", machine: "node1", n: 1, msg: "attached" },
    ]);
  });

  it.each([
    ["debug", ["debug", "info", "warn", "error"]],
    ["info", ["info", "warn", "error"]],
    ["warn", ["warn", "error"]],
    ["error", ["error"]],
    ["silent", []],
  ] as const)("at level %s passes %j", (level, passed) => {
    const { log, records } = capture(level);
    for (const name of ["debug", "info", "warn", "error"] as const) log[name]({}, name);
    expect(records().map((record) => record["level"])).toEqual(passed);
  });

  it("carries the fields of its children's parents", () => {
    const { log, records } = capture();
    log.child({ machine: "node1" }).child({ operation: "o-1" }).warn({ n: 1 }, "slow");
    expect(records()[0]).toMatchObject({ machine: "node1", operation: "o-1", n: 1, msg: "slow" });
  });

  it("keeps its own level, time and message from fields of those names", () => {
    const { log, lines, records } = capture();
    log.info({ level: "legacy", time: 5, msg: "other" }, "real");
    expect(records()[0]).toMatchObject({ level: "info", level_: "legacy", time_: 5, msg_: "other", msg: "real" });
    expect(lines[0]?.match(/"level":/g)).toHaveLength(1);
  });

  it("stays one line whatever is in it", () => {
    const { log, lines } = capture();
    log.info({ text: "a\nb\u2028c" }, "x\r\ny");
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toMatch(/[\r\n]/);
  });
});

describe("an error in a field", () => {
  it("is written with its kind, code, text, stack, context and causes", () => {
    const { log, records } = capture();
    const refused = Object.assign(new Error("connect refused"), { code: "ECONNREFUSED", body: "inside" });
    const error = new MediabayError("BMC_UNREACHABLE", "No answer.", { machine: "node1" }, { cause: refused });
    log.error({ error }, "failed");
    expect(records()[0]?.["error"]).toMatchObject({
      type: "MediabayError",
      code: "BMC_UNREACHABLE",
      message: "No answer.",
      context: { machine: "node1" },
      stack: expect.stringContaining("log.test.ts"),
      cause: { type: "Error", message: "connect refused", code: "ECONNREFUSED" },
    });
    expect(JSON.stringify(records())).not.toContain("inside");
  });

  it("may be its own cause, or hold many", () => {
    const { log, records } = capture();
    const loop = new Error("loop");
    loop.cause = loop;
    log.error({ error: loop }, "failed");
    log.error({ error: new AggregateError([new Error("one"), "two"], "both") }, "failed");
    expect(records()[1]?.["error"]).toMatchObject({ message: "both", errors: [{ message: "one" }, "two"] });
  });
});

describe("a secret", () => {
  const secrets = [
    (log: Log) => log.info({ password: "canary" }, "m"),
    (log: Log) => log.info({ deep: { list: [{ credentials: { username: "u", password: "canary" } }] } }, "m"),
    (log: Log) => log.info({ headers: { Authorization: "Bearer canary-token", "X-Auth-Token": "canary" } }, "m"),
    (log: Log) => log.info({ uri: "https://user:canary@host/path?sig=canary" }, "m"),
    (log: Log) => log.info({ path: "/m/canarycanarycanarycanary/c.iso" }, "m"),
    (log: Log) => log.info({}, "GET http://192.0.2.1:8481/m/canarycanarycanarycanary/c.iso"),
    (log: Log) => log.info({}, "sent Authorization: Basic canarycanary=="),
    (log: Log) => log.child({ token: "canary" }).info({}, "m"),
    (log: Log) => log.error({ error: new Error("https://u:canary@host") }, "m"),
    (log: Log) => log.error({ error: new Error("x", { cause: new Error("Bearer canarycanary") }) }, "m"),
    (log: Log) => log.error({ error: Object.assign(new Error("x"), { body: '{"password":"canary"}' }) }, "m"),
    (log: Log) => log.info({ bytes: new TextEncoder().encode("canary"), blob: "canary" }, "m"),
  ];
  it.each(secrets.map((write) => [String(write).slice(7, 90), write] as const))("is masked in %s", (_text, write) => {
    const { log, lines } = capture();
    write(log);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain("canary");
  });
});
