// What every AuditLog promises: what was appended stays, in order.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AuditLog } from "../../src/core/ports.ts";

export interface AuditUnderTest {
  readonly audit: AuditLog;
  reopen(): Promise<AuditLog>;
  close(): Promise<void>;
}

export const auditLogContract = (name: string, open: () => Promise<AuditUnderTest>): void => {
  describe(`the audit log in ${name}`, () => {
    let under: AuditUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under.close());

    const append = (audit: AuditLog, at: number, more: object = {}): Promise<void> =>
      audit.append({ at, actor: "ada", action: "attach.done", detail: { at }, ...more });

    it("numbers entries upwards, over restarts, and lists the newest first", async () => {
      for (const at of [1, 2, 3]) await append(under.audit, at);
      const reopened = await under.reopen();
      await append(reopened, 4);
      const first = await reopened.list({ limit: 3 });
      expect(first.items.map((entry) => entry.at)).toEqual([4, 3, 2]);
      expect(new Set(first.items.map((entry) => entry.seq)).size).toBe(3);
      const second = await reopened.list({ limit: 3, ...(first.next !== undefined && { after: first.next }) });
      expect(second).toMatchObject({ items: [{ at: 1, actor: "ada", action: "attach.done", detail: { at: 1 } }] });
      expect(second.next).toBeUndefined();
    });

    it("filters by machine and by attachment", async () => {
      await append(under.audit, 1, { machineId: "m1", machineName: "one", attachmentId: "a1", digest: "d1" });
      await append(under.audit, 2, { machineId: "m1" });
      await append(under.audit, 3, { machineId: "m2", attachmentId: "a2" });
      const ats = async (filter: Parameters<AuditLog["list"]>[1]): Promise<readonly number[]> =>
        (await under.audit.list({ limit: 10 }, filter)).items.map((entry) => entry.at);
      expect(await ats({ machineId: "m1" })).toEqual([2, 1]);
      expect(await ats({ attachmentId: "a2" })).toEqual([3]);
      expect(await ats({ machineId: "m1", attachmentId: "a2" })).toEqual([]);
      const [entry] = (await under.audit.list({ limit: 1 }, { attachmentId: "a1" })).items;
      expect(entry).toMatchObject({ machineId: "m1", machineName: "one", attachmentId: "a1", digest: "d1" });
    });

    it("keeps no secret", async () => {
      await append(under.audit, 1, { detail: { password: "canary", uri: "http://u:canary@host/" } });
      expect(JSON.stringify(await under.audit.list({ limit: 1 }))).not.toContain("canary");
    });
  });
};
