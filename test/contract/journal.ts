// What every Journal promises: acceptance, claims, fences, steps, ends and events. Called with each implementation.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MediabayError, toErrorRecord } from "../../src/core/errors.ts";
import type { AttachmentStore, Journal } from "../../src/core/ports.ts";
import type { OperationEvent } from "../../src/core/records.ts";
import type { ManualClock } from "../tools/manual-clock.ts";
import { sampleAttachment, sampleOperation } from "../tools/store-samples.ts";

export interface JournalUnderTest {
  readonly journal: Journal;
  readonly attachments: AttachmentStore;
  readonly clock: ManualClock;
  /** The machines `id-m1` and `id-m2`, named `m1` and `m2`, exist. */
  reopen(): Promise<Journal>;
  /** As `reopen`, but what was only in memory is lost. */
  crash(): Promise<Journal>;
  close(): Promise<void>;
}

const dayMs = 86_400_000;
const busy = toErrorRecord(new MediabayError("BMC_BUSY", "busy"));
const rejected = toErrorRecord(new MediabayError("BMC_REJECTED", "no"));

export const journalContract = (name: string, open: () => Promise<JournalUnderTest>): void => {
  describe(`the journal in ${name}`, () => {
    let under: JournalUnderTest;
    let journal: Journal;
    beforeEach(async () => {
      under = await open();
      journal = under.journal;
    });
    afterEach(() => under.close());

    const begun = async (id: string) => {
      await journal.accept(sampleOperation(id));
      return (await journal.claim(id)).claim;
    };

    describe("acceptance", () => {
      it("commits the operation and the attachment together", async () => {
        const operation = sampleOperation("op-a1", { attachmentId: "a1", deadlineAt: 7 });
        const { operation: accepted, created } = await journal.accept(operation, sampleAttachment("a1"));
        expect(created).toBe(true);
        expect(accepted).toEqual({
          id: "op-a1",
          kind: "attach",
          machineId: "id-m1",
          machineName: "m1",
          attachmentId: "a1",
          state: "queued",
          steps: [],
          cancelRequested: false,
          deadlineAt: 7,
          createdBy: "ada",
          createdAt: operation.createdAt,
        });
        const reopened = await under.reopen();
        expect(await reopened.get("op-a1")).toEqual(accepted);
      });

      it("refuses a second live attachment of a role and leaves nothing of it", async () => {
        await journal.accept(sampleOperation("op-a1", { attachmentId: "a1" }), sampleAttachment("a1"));
        for (const state of ["attaching", "attached", "detaching"] as const) {
          await under.attachments.update("a1", { state });
          const second = journal.accept(sampleOperation("op-a2"), sampleAttachment("a2"));
          await expect(second).rejects.toMatchObject({ code: "ALREADY_ATTACHED", context: { attachment: "a1" } });
        }
        await expect(journal.get("op-a2")).rejects.toMatchObject({ code: "NOT_FOUND" });
        await expect(under.attachments.get("a2")).rejects.toMatchObject({ code: "NOT_FOUND" });
        await journal.accept(sampleOperation("op-a3"), sampleAttachment("a3", { role: "boot" }));
        await under.attachments.update("a1", { state: "detached" });
        expect((await journal.accept(sampleOperation("op-a4"), sampleAttachment("a4"))).created).toBe(true);
      });

      it("refuses an operation on a machine that is not there", async () => {
        const lost = journal.accept(sampleOperation("op1", { machineId: "nobody" }));
        await expect(lost).rejects.toMatchObject({ code: "MACHINE_NOT_FOUND" });
      });

      it("answers the first operation for the same key and request, whatever its state", async () => {
        const first = sampleOperation("op1", { idempotencyKey: "k", requestHash: "h" });
        await journal.accept(first, sampleAttachment("a1"));
        const again = await journal.accept({ ...first, id: "op2" }, sampleAttachment("a2"));
        expect(again).toMatchObject({ created: false, operation: { id: "op1", state: "queued" } });
        const { claim } = await journal.claim("op1");
        await journal.finish(claim, "failed", { error: rejected });
        expect(await journal.accept({ ...first, id: "op3" })).toMatchObject({
          created: false,
          operation: { id: "op1", state: "failed" },
        });
        await expect(journal.get("op2")).rejects.toMatchObject({ code: "NOT_FOUND" });
      });

      it("refuses the same key for another request, but not from another actor", async () => {
        const first = sampleOperation("op1", { idempotencyKey: "k", requestHash: "h" });
        await journal.accept(first);
        await expect(journal.accept({ ...first, id: "op2", requestHash: "other" })).rejects.toMatchObject({
          code: "IDEMPOTENCY_CONFLICT",
        });
        expect((await journal.accept({ ...first, id: "op3", createdBy: "bob" })).created).toBe(true);
      });

      it("forgets a key after a day", async () => {
        const first = sampleOperation("op1", { idempotencyKey: "k", requestHash: "h" });
        await journal.accept(first);
        await under.clock.advance(dayMs - 1);
        expect((await journal.accept({ ...first, id: "op2" })).created).toBe(false);
        await under.clock.advance(1);
        expect((await journal.accept({ ...first, id: "op3", requestHash: "other" })).created).toBe(true);
        expect((await journal.accept({ ...first, id: "op4", requestHash: "other" })).operation.id).toBe("op3");
      });
    });

    describe("claims and steps", () => {
      it("hands out the input, and begins the operation once", async () => {
        await journal.accept(sampleOperation("op1"));
        await under.clock.advance(1_000);
        const first = await journal.claim("op1");
        expect(first).toMatchObject({ input: { say: "op1" }, operation: { state: "running" }, steps: [] });
        const startedAt = under.clock.now();
        await under.clock.advance(1_000);
        const second = await (await under.reopen()).claim("op1");
        expect(second.claim.fence).toBeGreaterThan(first.claim.fence);
        expect(second.operation.startedAt).toBe(startedAt);
      });

      it("answers finished steps with their outputs to the next claim, in the order of their beginning", async () => {
        const claim = await begun("op1");
        expect(await journal.beginStep(claim, "one", "First")).toEqual({ name: "one", state: "running", attempts: 1 });
        await journal.endStep(claim, "one", { url: "http://x/" });
        await journal.beginStep(claim, "none", "Nothing to say");
        await journal.endStep(claim, "none", null);
        await journal.beginStep(claim, "two", "Second");
        await journal.failStep(claim, "two", busy);
        expect((await journal.beginStep(claim, "two", "Second")).attempts).toBe(2);
        const { steps, operation } = await (await under.reopen()).claim("op1");
        expect(steps).toEqual([
          { name: "one", state: "done", attempts: 1, output: { url: "http://x/" } },
          { name: "none", state: "done", attempts: 1, output: null },
          { name: "two", state: "running", attempts: 2 },
        ]);
        expect(operation.steps.map((step) => [step.name, step.title, step.state])).toEqual([
          ["one", "First", "done"],
          ["none", "Nothing to say", "done"],
          ["two", "Second", "running"],
        ]);
      });

      it("keeps a failed step's error, and an undone step's too", async () => {
        const claim = await begun("op1");
        await journal.beginStep(claim, "one", "First");
        await journal.failStep(claim, "one", rejected);
        expect((await journal.get("op1")).steps).toMatchObject([{ state: "failed", error: { code: "BMC_REJECTED" } }]);
        await journal.undoneStep(claim, "one");
        expect((await journal.get("op1")).steps).toMatchObject([{ state: "undone", error: { code: "BMC_REJECTED" } }]);
        await journal.beginStep(claim, "two", "Second");
        await journal.endStep(claim, "two", null);
        await journal.undoneStep(claim, "two", busy);
        expect((await journal.get("op1")).steps[1]).toMatchObject({ state: "failed", error: { code: "BMC_BUSY" } });
      });

      it("refuses every write of an earlier claim", async () => {
        const stale = await begun("op1");
        await journal.beginStep(stale, "one", "First");
        const { claim } = await journal.claim("op1");
        const writes = [
          () => journal.beginStep(stale, "two", "Second"),
          () => journal.endStep(stale, "one", null),
          () => journal.failStep(stale, "one", busy),
          () => journal.undoneStep(stale, "one"),
          () => journal.compensating(stale, busy),
          () => journal.finish(stale, "succeeded", {}),
        ];
        for (const write of writes) {
          await expect(write()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", context: { fenced: true } });
        }
        expect((await journal.get("op1")).steps).toMatchObject([{ name: "one", state: "running" }]);
        await journal.endStep(claim, "one", null);
      });

      it("refuses claims and writes after the end", async () => {
        const claim = await begun("op1");
        await journal.finish(claim, "succeeded", { result: { ok: true } });
        await expect(journal.claim("op1")).rejects.toMatchObject({ code: "INVALID_REQUEST" });
        await expect(journal.beginStep(claim, "one", "First")).rejects.toMatchObject({ context: { fenced: true } });
        await expect(journal.finish(claim, "failed", {})).rejects.toMatchObject({ context: { fenced: true } });
        await expect(journal.claim("nothing")).rejects.toMatchObject({ code: "NOT_FOUND" });
      });
    });

    describe("ends", () => {
      it("records results and errors with their time, and destroys the input", async () => {
        const claim = await begun("op1");
        await under.clock.advance(500);
        const ended = await journal.finish(claim, "succeeded", { result: { slot: "Cd1" } });
        expect(ended).toMatchObject({ state: "succeeded", result: { slot: "Cd1" }, endedAt: under.clock.now() });
        expect(await (await under.reopen()).get("op1")).toEqual(ended);
      });

      it("keeps the error through compensation to the end", async () => {
        const claim = await begun("op1");
        await journal.beginStep(claim, "one", "First");
        await journal.compensating(claim, rejected);
        expect(await journal.get("op1")).toMatchObject({ state: "compensating", error: { code: "BMC_REJECTED" } });
        expect((await journal.claim("op1")).operation.state).toBe("compensating");
        const { claim: last } = await journal.claim("op1");
        const ended = await journal.finish(last, "failed", { error: rejected });
        expect(ended).toMatchObject({ state: "failed", error: { code: "BMC_REJECTED" } });
        expect(ended.steps).toMatchObject([{ name: "one", state: "failed" }]);
      });

      it("leaves no attachment attaching when the operation that began it did not succeed", async () => {
        await journal.accept(sampleOperation("op-a1", { attachmentId: "a1" }), sampleAttachment("a1"));
        const { claim } = await journal.claim("op-a1");
        await journal.finish(claim, "failed", { error: rejected });
        expect(await under.attachments.get("a1")).toMatchObject({ state: "failed", error: { code: "BMC_REJECTED" } });
      });

      it("ends a queued operation on cancellation, its attachment too, and tells a running one", async () => {
        await journal.accept(sampleOperation("op-a1", { attachmentId: "a1" }), sampleAttachment("a1"));
        expect(await journal.requestCancel("op-a1")).toMatchObject({
          state: "cancelled",
          cancelRequested: true,
          error: { code: "CANCELLED" },
        });
        expect((await under.attachments.get("a1")).state).toBe("failed");
        const claim = await begun("op2");
        expect(await journal.requestCancel("op2")).toMatchObject({ state: "running", cancelRequested: true });
        const ended = await journal.finish(claim, "succeeded", {});
        expect(await journal.requestCancel("op2")).toEqual(ended);
        await expect(journal.requestCancel("nothing")).rejects.toMatchObject({ code: "NOT_FOUND" });
      });
    });

    describe("listing", () => {
      it("answers the unfinished in the order of acceptance", async () => {
        for (const id of ["z", "a", "m", "b"]) await journal.accept(sampleOperation(id));
        const { claim } = await journal.claim("a");
        await journal.finish(claim, "succeeded", {});
        const running = await journal.claim("m");
        await journal.compensating(running.claim, busy);
        const unfinished = await (await under.reopen()).unfinished();
        expect(unfinished.map((operation) => [operation.id, operation.state])).toEqual([
          ["z", "queued"],
          ["m", "compensating"],
          ["b", "queued"],
        ]);
      });

      it("lists the newest first, page by page and filtered", async () => {
        for (const id of ["a", "b", "c"]) await journal.accept(sampleOperation(id));
        await journal.accept(sampleOperation("d", { machineId: "id-m2" }));
        await journal.requestCancel("b");
        const ids = async (...[page, filter]: Parameters<Journal["list"]>): Promise<readonly string[]> =>
          (await journal.list(page, filter)).items.map((operation) => operation.id);
        const { next } = await journal.list({ limit: 2 });
        expect(await ids({ limit: 2 })).toEqual(["d", "c"]);
        expect(await ids({ limit: 2, ...(next !== undefined && { after: next }) })).toEqual(["b", "a"]);
        expect(await ids({ limit: 9 }, { machineId: "id-m2" })).toEqual(["d"]);
        expect(await ids({ limit: 9 }, { states: ["queued"] })).toEqual(["d", "c", "a"]);
      });
    });

    describe("events", () => {
      it("tells of every change once, in order, while it happens and afterwards", async () => {
        const heard: OperationEvent[] = [];
        const unsubscribe = journal.subscribe((event) => heard.push(event));
        const claim = await begun("op1");
        await journal.beginStep(claim, "one", "First");
        await journal.progress("op1", "progress", { receivedBytes: 5 });
        await journal.endStep(claim, "one", { secretUrl: "http://x/" });
        await journal.finish(claim, "succeeded", {});
        unsubscribe();
        await journal.accept(sampleOperation("op2"));
        expect(heard.map((event) => [event.type, event.data])).toMatchObject([
          ["state", { state: "queued" }],
          ["state", { state: "running" }],
          ["step", { name: "one", title: "First", state: "running", attempts: 1 }],
          ["progress", { receivedBytes: 5 }],
          ["step", { name: "one", state: "done" }],
          ["state", { state: "succeeded" }],
        ]);
        const numbers = heard.map((event) => event.seq);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
        expect(await journal.events(0, "op1")).toEqual(heard);
        const [, second] = numbers;
        expect(await journal.events(second ?? 0, "op1", 2)).toEqual(heard.slice(2, 4));
        expect((await journal.events(0)).length).toBe(heard.length + 1);
      });

      it("answers progress that waits in memory, and keeps it over a restart", async () => {
        await begun("op1");
        await journal.progress("op1", "warning", { text: "careful" });
        await journal.progress("op1", "progress", { receivedBytes: 5 });
        const types = async (from: Journal): Promise<readonly string[]> =>
          (await from.events(0, "op1")).map((event) => event.type);
        expect(await types(journal)).toEqual(["state", "state", "warning", "progress"]);
        expect(await types(await under.reopen())).toEqual(["state", "state", "warning", "progress"]);
      });

      it("gives no event a number that a lost one had", async () => {
        await begun("op1");
        const heard: number[] = [];
        journal.subscribe((event) => heard.push(event.seq));
        for (let count = 0; count < 600; count += 1) await journal.progress("op1", "progress", { count });
        const reopened = await under.crash();
        reopened.subscribe((event) => heard.push(event.seq));
        await reopened.progress("op1", "progress", {});
        await reopened.accept(sampleOperation("op2"));
        expect(new Set(heard).size).toBe(602);
        expect(heard).toEqual(heard.toSorted((a, b) => a - b));
      });

      it("does not announce what was not committed", async () => {
        await journal.accept(sampleOperation("op-a1"), sampleAttachment("a1"));
        const heard: OperationEvent[] = [];
        journal.subscribe((event) => heard.push(event));
        await expect(journal.accept(sampleOperation("op-a2"), sampleAttachment("a2"))).rejects.toMatchObject({
          code: "ALREADY_ATTACHED",
        });
        expect(heard).toEqual([]);
      });

      it("keeps no secret", async () => {
        const claim = await begun("op1");
        await journal.progress("op1", "progress", { token: "canary", text: "http://u:canary@host/" });
        await journal.finish(claim, "succeeded", { result: { password: "canary" } });
        const all = JSON.stringify([await journal.events(0), await journal.get("op1")]);
        expect(all).not.toContain("canary");
      });
    });
  });
};
