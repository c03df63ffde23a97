// The watch behind the rules: one ordinary detach, again after a failure, never twice, and not forgotten by a restart.
import { describe, expect, test } from "vitest";
import type { Session } from "../../src/core/driver.ts";
import { MediabayError, toErrorRecord } from "../../src/core/errors.ts";
import type { NewOperation } from "../../src/core/ports.ts";
import type { AttachmentRecord, OperationRecord, ReadSummary } from "../../src/core/records.ts";
import type { Conversation, Conversations } from "../../src/gateway/connect.ts";
import type { SubmittingDeps } from "../../src/gateway/deps.ts";
import { createDetachWatch } from "../../src/gateway/watching/detach-watch.ts";
import { silentLog } from "../tools/image-plane.ts";
import { createHastyClock } from "../tools/hasty-clock.ts";

const never = new AbortController().signal;
const minuteMs = 60_000;

interface Scene {
  readonly detachOn: NonNullable<AttachmentRecord["detachOn"]>;
  readonly attachment?: Partial<AttachmentRecord>;
  readonly reads?: Partial<ReadSummary>;
}

const setScene = ({ detachOn, attachment: more = {}, reads = {} }: Scene) => {
  const clock = createHastyClock(0);
  let attachment = {
    id: "a1",
    machineId: "m1",
    machineName: "one",
    state: "attached",
    detachOn,
    sizeBytes: 100,
    attachedAt: 0,
    updatedAt: 0,
    warnings: [],
    ...more,
  } as unknown as AttachmentRecord;
  const submitted: NewOperation[] = [];
  const operations = new Map<string, OperationRecord>();
  const byKey = new Map<string, OperationRecord>();
  const machine = { isBusy: false };
  const bmc = { lastResetAt: undefined as number | undefined, asked: 0, fails: undefined as MediabayError | undefined };
  const session = {
    power: {
      lastResetAt: async () => {
        bmc.asked += 1;
        if (bmc.fails !== undefined) throw bmc.fails;
        return bmc.lastResetAt;
      },
    },
  } as unknown as Session;
  const deps = {
    clock,
    log: silentLog,
    deadlineMs: minuteMs,
    machines: { get: async () => ({ id: "m1", name: "one" }) },
    attachments: {
      get: async () => attachment,
      list: async () => ({ items: attachment.state === "attached" ? [attachment] : [] }),
      update: async (_id: string, change: Partial<AttachmentRecord>) => {
        const entries = Object.entries({ ...attachment, ...change }).filter(([, value]) => value !== undefined);
        attachment = Object.fromEntries(entries) as unknown as AttachmentRecord;
        return attachment;
      },
    },
    publications: { reads: async () => ({ requests: 0, coveredBytes: 0, ...reads }) },
    journal: {
      get: async (id: string) => {
        const known = operations.get(id);
        if (known === undefined) throw new MediabayError("NOT_FOUND", `There is no operation ${id}.`);
        return known;
      },
    },
    operations: {
      busy: () => machine.isBusy,
      submit: async (operation: NewOperation) => {
        const known = byKey.get(operation.idempotencyKey ?? "");
        if (known !== undefined) return { operation: operations.get(known.id), created: false };
        submitted.push(operation);
        const record = { id: `o${submitted.length}`, state: "running" } as OperationRecord;
        operations.set(record.id, record);
        byKey.set(operation.idempotencyKey ?? "", record);
        return { operation: record, created: true };
      },
    },
  } as unknown as SubmittingDeps;
  const conversations = {
    converse: async (_id: string, _options: unknown, work: (with_: Conversation) => Promise<unknown>) =>
      work({ session } as Conversation),
  } as unknown as Conversations;
  let watch = createDetachWatch(deps, conversations);
  return {
    bmc,
    machine,
    submitted,
    attachment: () => attachment,
    change: (next: Partial<AttachmentRecord>) => void (attachment = { ...attachment, ...next }),
    /** Of the detach that was asked for last. */
    end: (state: "succeeded" | "failed") => {
      const id = `o${submitted.length}`;
      const error = state === "failed" ? { error: toErrorRecord(new MediabayError("BMC_BUSY", "It is busy.")) } : {};
      operations.set(id, { ...operations.get(id), state, ...error } as OperationRecord);
      if (state === "succeeded") attachment = { ...attachment, state: "detached" };
    },
    prune: () => operations.clear(),
    forgetKeys: () => byKey.clear(),
    restart: () => void (watch = createDetachWatch(deps, conversations)),
    roundAfter: async (ms: number) => {
      await clock.sleep(ms);
      await watch.round(never);
    },
  };
};

describe("a rule that has come true", () => {
  test("is one detach of that attachment, by the process itself", async () => {
    const scene = setScene({ detachOn: { at: "timer", afterMs: minuteMs } });
    await scene.roundAfter(minuteMs - 1);
    expect(scene.submitted).toEqual([]);
    await scene.roundAfter(1);
    expect(scene.submitted).toMatchObject([
      { kind: "detach", machineId: "m1", createdBy: "mediabay", input: { attachments: ["a1"], force: false } },
    ]);
    await scene.roundAfter(minuteMs);
    scene.end("succeeded");
    await scene.roundAfter(minuteMs);
    expect(scene.submitted).toHaveLength(1);
    expect(scene.attachment().warnings).toEqual([]);
  });

  test("is not asked for a second time after a restart", async () => {
    const scene = setScene({ detachOn: { at: "timer", afterMs: 1 } });
    await scene.roundAfter(1);
    scene.restart();
    await scene.roundAfter(minuteMs);
    expect(scene.submitted).toHaveLength(1);
  });

  test("is asked for again when it failed, later each time, and the failure is shown", async () => {
    const scene = setScene({ detachOn: { at: "timer", afterMs: 1 } });
    await scene.roundAfter(1);
    scene.end("failed");
    await scene.roundAfter(5_000);
    expect(scene.submitted).toHaveLength(1);
    expect(scene.attachment().warnings).toEqual([
      expect.stringMatching(/detached by its rule, which failed .*It is busy/),
    ]);
    await scene.roundAfter(30_000);
    expect(scene.submitted).toHaveLength(2);
    scene.end("failed");
    await scene.roundAfter(5_000);
    await scene.roundAfter(30_000);
    expect(scene.submitted).toHaveLength(2);
    await scene.roundAfter(30_000);
    expect(scene.submitted).toHaveLength(3);
    expect(scene.attachment().warnings).toHaveLength(1);
  });

  test("is forgotten with its attachment, however that ended, and long after stops no round", async () => {
    const scene = setScene({ detachOn: { at: "timer", afterMs: 1 } });
    await scene.roundAfter(1);
    scene.end("failed");
    scene.change({ state: "detached" });
    scene.prune();
    await scene.roundAfter(minuteMs);
    expect(scene.submitted).toHaveLength(1);
  });

  test("is asked for again where nobody knows of its detach any more", async () => {
    const scene = setScene({ detachOn: { at: "timer", afterMs: 1 } });
    await scene.roundAfter(1);
    scene.prune();
    scene.forgetKeys();
    await scene.roundAfter(minuteMs);
    expect(scene.submitted).toHaveLength(2);
  });

  test("is no failure where the record is older than its detach", async () => {
    const scene = setScene({ detachOn: { at: "timer", afterMs: 1 } });
    await scene.roundAfter(1);
    scene.end("succeeded");
    scene.change({ state: "attached" });
    await scene.roundAfter(5_000);
    expect(scene.attachment().warnings).toEqual([]);
  });

  test("waits while the attachment is in other hands", async () => {
    const scene = setScene({ detachOn: { at: "timer", afterMs: 1 }, attachment: { state: "detaching" } });
    await scene.roundAfter(minuteMs);
    expect(scene.submitted).toEqual([]);
  });
});

describe("a machine that is worked on", () => {
  test.each([
    { detachOn: { at: "timer", afterMs: 1 } },
    { detachOn: { at: "read" }, reads: { pattern: "pieces", coveredBytes: 100, lastReadAt: 0 } },
  ] as const)("lets every rule wait: $detachOn.at", async (rule) => {
    const scene = setScene(rule);
    scene.machine.isBusy = true;
    await scene.roundAfter(minuteMs);
    expect(scene.submitted).toEqual([]);
    scene.machine.isBusy = false;
    await scene.roundAfter(minuteMs);
    expect(scene.submitted).toHaveLength(1);
  });

  test("may have got a new medium before the detach began: that one is judged, and detached, for itself", async () => {
    const scene = setScene({ detachOn: { at: "timer", afterMs: minuteMs } });
    await scene.roundAfter(minuteMs);
    expect(scene.submitted).toMatchObject([{ input: { attachedAt: 0 } }]);
    const attachedAt = minuteMs;
    scene.end("succeeded");
    scene.change({ state: "attached", attachedAt });
    await scene.roundAfter(minuteMs - 1);
    expect(scene.submitted).toHaveLength(1);
    await scene.roundAfter(5_000);
    expect(scene.submitted).toMatchObject([{}, { input: { attachedAt } }]);
    expect(scene.attachment().warnings).toEqual([]);
  });
});

describe("the rule `read`", () => {
  const detachOn = { at: "read" } as const;

  test("comes true by what the image plane sent", async () => {
    const scene = setScene({ detachOn, reads: { pattern: "pieces", coveredBytes: 100, lastReadAt: 0 } });
    await scene.roundAfter(29_999);
    expect(scene.submitted).toEqual([]);
    await scene.roundAfter(1);
    expect(scene.submitted).toHaveLength(1);
  });

  test("never comes true where the BMC copied the whole image, and says so once", async () => {
    const scene = setScene({ detachOn, reads: { pattern: "download", coveredBytes: 100, lastReadAt: 0 } });
    for (let hours = 0; hours < 5; hours += 1) await scene.roundAfter(60 * minuteMs);
    expect(scene.submitted).toEqual([]);
    expect(scene.attachment().warnings).toEqual([expect.stringMatching(/copies the whole image.*`timer` or `boot`/)]);
  });
});

describe("the rule `boot`", () => {
  const detachOn = { at: "boot" } as const;
  const startOfTime = Date.UTC(1970, 0, 5);

  test("is true at the second start, told by the BMC's own clock, however wrong that is", async () => {
    const scene = setScene({ detachOn });
    scene.bmc.lastResetAt = startOfTime;
    await scene.roundAfter(minuteMs);
    await scene.roundAfter(10 * minuteMs);
    scene.bmc.lastResetAt = startOfTime + 9 * minuteMs;
    await scene.roundAfter(minuteMs);
    expect(scene.attachment().bootedAt).toBe(12 * minuteMs);
    await scene.roundAfter(2 * minuteMs);
    await scene.roundAfter(60 * minuteMs);
    expect(scene.submitted).toEqual([]);
    scene.restart();
    scene.bmc.lastResetAt = startOfTime + 80 * minuteMs;
    await scene.roundAfter(minuteMs);
    expect(scene.submitted).toHaveLength(1);
  });

  test("takes resets within minutes of the first start for a part of it", async () => {
    const scene = setScene({ detachOn, attachment: { bootedAt: 0 } });
    scene.bmc.lastResetAt = startOfTime;
    await scene.roundAfter(minuteMs);
    expect(scene.bmc.asked).toBe(0);
    scene.bmc.lastResetAt = startOfTime + 90_000;
    await scene.roundAfter(minuteMs);
    await scene.roundAfter(60 * minuteMs);
    expect(scene.submitted).toEqual([]);
  });

  test("is no reason for more than one request a minute", async () => {
    const scene = setScene({ detachOn, attachment: { bootedAt: -10 * minuteMs } });
    scene.bmc.lastResetAt = startOfTime;
    for (let seconds = 0; seconds < 300; seconds += 5) await scene.roundAfter(5_000);
    expect(scene.bmc.asked).toBe(5);
  });

  test("says once that a BMC does not tell, and asks it rarely", async () => {
    const scene = setScene({ detachOn, attachment: { bootedAt: -10 * minuteMs } });
    for (let minutes = 0; minutes < 180; minutes += 1) await scene.roundAfter(minuteMs);
    expect(scene.bmc.asked).toBe(3);
    expect(scene.attachment().warnings).toEqual([expect.stringMatching(/does not tell when/)]);
  });

  test("outlives a BMC that does not answer", async () => {
    const scene = setScene({ detachOn, attachment: { bootedAt: -10 * minuteMs, lastResetAt: startOfTime } });
    scene.bmc.fails = new MediabayError("BMC_UNREACHABLE", "gone");
    await scene.roundAfter(minuteMs);
    scene.bmc.fails = undefined;
    scene.bmc.lastResetAt = startOfTime + 5 * minuteMs;
    await scene.roundAfter(minuteMs);
    expect(scene.submitted).toHaveLength(1);
  });
});
