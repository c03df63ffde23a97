// What came with a request is given back where its work ends before the first step: nothing is undone then.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import type { OperationContext, OperationHandler } from "../../src/core/ports.ts";
import type { OperationRecord } from "../../src/core/records.ts";
import { createAttachHandler } from "../../src/gateway/attach.ts";
import type { Conversations } from "../../src/gateway/connect.ts";
import type { GatewayDeps } from "../../src/gateway/deps.ts";
import { releasingUnbegun } from "../../src/gateway/unbegun.ts";
import { type RedfishSimulator, startRedfishSimulator } from "../../src/simulators/redfish/index.ts";
import { silentLog } from "../tools/image-plane.ts";
import { startTestService, type TestService } from "../tools/service.ts";

describe("a request that waits behind another operation of its machine", () => {
  let bmc: RedfishSimulator;
  let service: TestService;

  beforeEach(async () => {
    bmc = await startRedfishSimulator();
    service = await startTestService();
    const machine = { name: "node", endpoints: [{ address: bmc.url, credentials: bmc.credentials }] };
    expect((await service.call("POST", "/v1/machines", machine)).status).toBe(201);
  });

  afterEach(async () => {
    await service.close();
    await bmc.close();
  });

  const drive = (text: string) => ({ source: { configdrive: { user_data: `#cloud-config\n# ${text}\n` } } });
  const images = async () => (await service.call("GET", "/v1/images")).body["items"] as readonly { digest: string }[];

  const keepBusy = async (): Promise<void> => {
    bmc.setFault({ kind: "busy", retryAfterSeconds: 2, method: "POST", path: /ComputerSystem\.Reset$/ });
    expect((await service.call("POST", "/v1/machines/node/power", { type: "ForceRestart" })).status).toBe(202);
  };

  const mustRunOut = async (path: string): Promise<void> => {
    const { body } = await service.call("POST", path, { ...drive("second"), deadlineMs: 300 });
    const { id } = body["operation"] as { id: string };
    await expect
      .poll(async () => (await service.call("GET", `/v1/operations/${id}`)).body, { timeout: 20_000 })
      .toMatchObject({ state: "failed", error: { code: "DEADLINE_EXCEEDED" } });
  };

  test("until its deadline leaves nothing stored", async () => {
    await keepBusy();
    await mustRunOut("/v1/machines/node/attachments");
    expect(await images()).toEqual([]);
  }, 30_000);

  test("until its deadline leaves an attachment what it had", async () => {
    const { body } = await service.work("POST", "/v1/machines/node/attachments", drive("first"));
    const { id, digest } = body["attachment"] as { id: string; digest: string };
    await keepBusy();
    await mustRunOut(`/v1/attachments/${id}/replace`);
    expect((await images()).map((image) => image.digest)).toEqual([digest]);
  }, 30_000);
});

interface Ended {
  readonly reason?: Error;
  readonly resumed?: boolean;
  readonly begins?: boolean;
  readonly release?: () => Promise<void>;
}

/** What was released when the work ended like that. */
const releasedAfter = async ({ reason, resumed = false, begins = false, release }: Ended): Promise<string[]> => {
  const released: string[] = [];
  const aborted = new AbortController();
  if (reason !== undefined) aborted.abort(reason);
  const { signal } = aborted;
  const images = {
    release: async (holder: string) => {
      await release?.();
      released.push(holder);
    },
  };
  const context = {
    operation: { id: "o1", kind: "attach", attachmentId: "a1" } as OperationRecord,
    signal,
    resumed,
    step: async (_name: string, _title: string, run: (step: object) => Promise<unknown>) => {
      if (begins) return run({ attempt: 1 });
      throw reason ?? new Error("refused");
    },
  } as unknown as OperationContext;
  const handler: OperationHandler = ({ step }) =>
    step("begin", "Begin", () => Promise.reject(reason ?? new Error("x")));
  const deps = { images, log: silentLog } as unknown as GatewayDeps;
  await expect(releasingUnbegun(deps, handler)(context)).rejects.toBe(reason);
  return released;
};

const cancelled = new MediabayError("CANCELLED", "The operation was cancelled.");

test("what is cancelled between its claim and its first step gives back what was stored for it", async () => {
  expect(await releasedAfter({ reason: cancelled })).toEqual(["a1"]);
});

test.each<[string, Ended]>([
  ["has begun", { reason: cancelled, begins: true }],
  ["had begun before a crash", { reason: cancelled, resumed: true }],
  ["will be resumed", { reason: new Error("stopping") }],
])("what %s keeps it", async (_what, ended) => {
  expect(await releasedAfter(ended)).toEqual([]);
});

test("a release that fails does not hide how the work ended", async () => {
  const release = () => Promise.reject(new MediabayError("STORE_UNAVAILABLE", "The database is busy."));
  expect(await releasedAfter({ reason: cancelled, release })).toEqual([]);
});

test("an attach that is cancelled after it began, and before it had its image, gives back what was stored for it", async () => {
  const undos: (() => Promise<void>)[] = [];
  const released: string[] = [];
  const context = {
    operation: { id: "o1", kind: "attach", machineId: "m1", attachmentId: "a1" },
    input: {},
    signal: new AbortController().signal,
    resumed: false,
    defer: () => undefined,
    step: async (name: string, _title: string, run: () => Promise<unknown>, undo?: () => Promise<void>) => {
      if (name !== "begin") throw cancelled;
      if (undo !== undefined) undos.push(undo);
      return run();
    },
  } as unknown as OperationContext;
  const deps = {
    clock: { now: () => 7 },
    attachments: { update: async () => undefined },
    auditLog: { append: async () => undefined },
    images: { release: async (holder: string) => void released.push(holder) },
  } as unknown as GatewayDeps;
  const conversations = { link: () => ({ close: async () => undefined }) } as unknown as Conversations;
  await expect(createAttachHandler(deps, conversations)(context)).rejects.toBe(cancelled);
  for (const undo of undos) await undo();
  expect(released).toEqual(["a1"]);
});
