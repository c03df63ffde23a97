// Waiting for an operation: its event stream, reconnection, patience, Ctrl-C.
import { describe, expect, test } from "vitest";
import { type Expected, type SentEvent, streams, token } from "./rest-stub.ts";
import { hurriedClock, run, runAgainst, start, withGateway } from "./run.ts";
import { accepted, attached, operation, succeeded } from "./samples.ts";

const step = (id: number, name: string, state: string, more: object = {}): SentEvent => ({
  id,
  type: "step",
  data: { name, state, ...more },
});
const end: SentEvent = { type: "end", data: {} };

const attach: Expected = {
  method: "POST",
  path: "/v1/machines/web1/attachments",
  body: { source: { uri: "http://h/c.iso" } },
  status: 202,
  json: accepted,
};
const events = (after: string, answer: Expected["answer"]): Expected => ({
  method: "GET",
  path: "/v1/operations/op-1/events",
  headers: { "last-event-id": after, accept: "text/event-stream" },
  ...(answer === undefined ? {} : { answer }),
});
const getOperation = (json: object): Expected => ({ method: "GET", path: "/v1/operations/op-1", json });
const getAttachment: Expected = { method: "GET", path: "/v1/attachments/a-1", json: attached };
const attachAndWait = ["attach", "web1", "http://h/c.iso", "--wait"];

const steps = [
  step(3, "image", "running", { title: "Fetch and check the image" }),
  { id: 4, type: "progress", data: { receivedBytes: 4096, totalBytes: 8192 } },
  step(5, "image", "done"),
  { id: 6, type: "warning", data: { text: "the BMC made Continuous of Once" } },
];

describe("--wait", () => {
  test("shows the steps on stderr and the outcome on stdout", async () => {
    const { code, stdout, stderr } = await runAgainst(
      [attach, events("0", streams([...steps, end])), getOperation(succeeded), getAttachment],
      attachAndWait,
    );
    expect(code).toBe(0);
    expect(stderr.split("\n")).toEqual([
      "...     Fetch and check the image",
      "done    Fetch and check the image",
      "warning the BMC made Continuous of Once",
      "",
    ]);
    expect(stdout).toMatch(/^state +attached$/m);
    expect(stdout).toContain("a".repeat(64));
  });

  test("with --json shows nothing but the outcome", async () => {
    const { stdout, stderr } = await runAgainst(
      [attach, events("0", streams([...steps, end])), getOperation(succeeded), getAttachment],
      [...attachAndWait, "--json"],
    );
    expect(JSON.parse(stdout)).toEqual({ operation: succeeded, attachment: attached });
    expect(stderr).toBe("");
  });

  test("goes on after the last event when the gateway restarts, and repeats nothing", async () => {
    const { code, stderr } = await runAgainst(
      [
        attach,
        events("0", streams(steps.slice(0, 2), "cut")),
        events("4", (response) => void response.destroy()),
        events(
          "4",
          (response) =>
            void response
              .writeHead(503, { "content-type": "application/problem+json" })
              .end('{"code":"STORE_UNAVAILABLE","detail":"starting"}'),
        ),
        events("4", streams(steps.slice(2))),
        events("6", streams([end])),
        getOperation(succeeded),
        getAttachment,
      ],
      attachAndWait,
    );
    expect(code).toBe(0);
    expect(stderr.match(/^done/gm)).toHaveLength(1);
  });

  test("gives up on a gateway that stays away", async () => {
    const gateway = await withGateway([]);
    await gateway.close();
    const { code, stderr } = await run(["operation", "wait", "op-1"], { env: gateway.env, clock: hurriedClock });
    expect(code).toBe(9);
    expect(stderr).toContain("GATEWAY_UNREACHABLE");
  }, 10_000);

  test("an operation that failed ends with its own error and exit code", async () => {
    const error = {
      code: "BMC_REJECTED",
      message: "The BMC refused the insert.",
      hint: "Look at its own text.",
      context: { bmcText: "Licence \u001b[31mmissing", bmcCode: "Base.1.12.X" },
    };
    const script = [
      attach,
      events("0", streams([step(1, "insert", "failed", { title: "Insert", error }), end])),
      getOperation({ ...operation, state: "failed", error }),
    ];
    const { code, stdout, stderr } = await runAgainst(script, attachAndWait);
    expect({ code, stdout }).toEqual({ code: 6, stdout: "" });
    expect(stderr).toBe(
      [
        "failed  Insert: The BMC refused the insert.",
        "error: The BMC refused the insert.",
        "hint: Look at its own text.",
        "bmc: Licence missing · Base.1.12.X",
        "code: BMC_REJECTED",
        "",
      ].join("\n"),
    );
    const json = await runAgainst(script, [...attachAndWait, "--json"]);
    expect(JSON.parse(json.stderr)).toMatchObject({
      code: "BMC_REJECTED",
      detail: error.message,
      operation: { id: "op-1" },
    });
  });

  test("--timeout leaves the operation running and says how to go on", async () => {
    const { code, stderr } = await runAgainst(
      [attach, events("0", streams([], "open"))],
      [...attachAndWait, "--timeout", "1s"],
      {
        clock: {
          ...hurriedClock,
          sleep: (_ms, signal) => new Promise((resolve) => void setTimeout(resolve, signal ? 50 : 0)),
        },
      },
    );
    expect(code).toBe(75);
    expect(stderr).toContain("mediabay operation wait op-1");
    expect(stderr).toContain("mediabay operation cancel op-1");
  });

  test("Ctrl-C leaves the operation running and says how to follow it", async () => {
    let began = (): void => undefined;
    const waiting = new Promise<void>((resolve) => {
      began = resolve;
    });
    const gateway = await withGateway([
      events("0", (response) => {
        streams([], "open")(response);
        began();
      }),
    ]);
    const { child, outcome } = start(["operation", "wait", "op-1"], gateway.env);
    await waiting;
    child.kill("SIGINT");
    const { code, stdout, stderr } = await outcome;
    await gateway.finished();
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).toContain("operation op-1 goes on");
    expect(stderr).toContain("mediabay operation follow op-1");
  });

  test("what is unknown in the stream does no harm", async () => {
    const odd: SentEvent[] = [
      { id: 1, type: "novelty", data: 7 },
      { id: 2, type: "step", data: null },
      { id: 3, type: "progress", data: [] },
    ];
    const { code } = await runAgainst(
      [events("0", streams([...odd, end])), getOperation(succeeded)],
      ["operation", "wait", "op-1"],
    );
    expect(code).toBe(0);
  });
});

describe("operation follow", () => {
  test("prints one line an event until the end", async () => {
    const { stdout } = await runAgainst([events("0", streams([...steps, end]))], ["operation", "follow", "op-1"]);
    expect(stdout.split("\n").map((line) => line.replace(/^\S+ \S+ +/, ""))).toEqual([
      "step      running · Fetch and check the image",
      'progress  {"receivedBytes":4096,"totalBytes":8192}',
      "step      done · image",
      "warning   the BMC made Continuous of Once",
      "",
    ]);
  });

  test("with --json prints one object a line", async () => {
    const { stdout } = await runAgainst(
      [events("0", streams([...steps.slice(0, 1), end]))],
      ["operation", "follow", "op-1", "--json"],
    );
    expect(JSON.parse(stdout)).toEqual({
      seq: 3,
      type: "step",
      operationId: "op-1",
      at: "2026-11-24T03:00:00.000Z",
      data: { name: "image", state: "running", title: "Fetch and check the image" },
    });
  });

  test("of all operations begins now and ends well at Ctrl-C", async () => {
    const all: Expected = { method: "GET", path: "/v1/events", answer: streams(steps, "open") };
    const gateway = await withGateway([all]);
    const { child, outcome } = start(["operation", "follow"], { ...gateway.env, MEDIABAY_TOKEN: token });
    child.stdout.once("data", () => child.kill("SIGINT"));
    const { code, stdout } = await outcome;
    await gateway.finished();
    expect(code).toBe(0);
    expect(stdout).toContain("op-1");
  });
});
