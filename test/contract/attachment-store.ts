// What every AttachmentStore promises. Attachments begin in the journal, with their operation.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AttachmentStore } from "../../src/core/ports.ts";
import type { AttachmentRecord } from "../../src/core/records.ts";
import type { ManualClock } from "../tools/manual-clock.ts";
import { sampleAttachment } from "../tools/store-samples.ts";

export interface AttachmentsUnderTest {
  readonly attachments: AttachmentStore;
  readonly clock: ManualClock;
  /** Accepts an operation that begins this attachment; its machine is made where it does not exist. */
  begin(attachment: AttachmentRecord): Promise<void>;
  close(): Promise<void>;
}

export const attachmentStoreContract = (name: string, open: () => Promise<AttachmentsUnderTest>): void => {
  describe(`the attachment store in ${name}`, () => {
    let under: AttachmentsUnderTest;
    let attachments: AttachmentStore;
    beforeEach(async () => {
      under = await open();
      attachments = under.attachments;
    });
    afterEach(() => under.close());

    it("answers what was begun, and names what was not", async () => {
      await under.begin(sampleAttachment("a1"));
      expect(await attachments.get("a1")).toEqual(sampleAttachment("a1"));
      await expect(attachments.get("a2")).rejects.toMatchObject({ code: "NOT_FOUND" });
      await expect(attachments.update("a2", {})).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    it("merges a change, clears what is set to undefined, and says when", async () => {
      await under.begin(sampleAttachment("a1", { slot: "Cd1", sizeBytes: 5_000_000_000 }));
      await under.clock.advance(5_000);
      const changed = await attachments.update("a1", { state: "attached", digest: "d1", slot: undefined });
      const { slot: _slot, ...rest } = sampleAttachment("a1", { sizeBytes: 5_000_000_000 });
      expect(changed).toEqual({ ...rest, state: "attached", digest: "d1", updatedAt: under.clock.now() });
      expect(await attachments.get("a1")).toEqual(changed);
      expect("slot" in changed).toBe(false);
    });

    it("keeps no published URL and no credentials, whatever it is given", async () => {
      const token = "k3k3k3k3k3k3k3k3k3k3k3k3k3";
      await under.begin(sampleAttachment("a1"));
      await attachments.update("a1", {
        observed: { inserted: true, image: `http://192.0.2.1:8481/m/${token}/media.iso` },
        warnings: ["the BMC shows http://ada:canary@origin.example/x?sig=canary"],
      });
      const kept = JSON.stringify(await attachments.get("a1"));
      expect(kept).not.toContain(token);
      expect(kept).not.toContain("canary");
      expect(kept).toContain("/media.iso");
    });

    it("lists the newest first, page by page, also those of one moment", async () => {
      for (const id of ["a1", "a2", "a3", "a4", "a5"]) {
        const createdAt = under.clock.now();
        await under.begin(sampleAttachment(id, { machineId: `id-${id}`, createdAt }));
        if (id !== "a2") await under.clock.advance(1_000);
      }
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await attachments.list({ limit: 2, ...(after !== undefined && { after }) });
        seen.push(...page.items.map((attachment) => attachment.id));
        after = page.next;
      } while (after !== undefined);
      expect(seen).toEqual(["a5", "a4", "a3", "a2", "a1"]);
    });

    it("filters by machine and by states", async () => {
      await under.begin(sampleAttachment("a1"));
      await under.begin(sampleAttachment("a2", { role: "boot" }));
      await under.begin(sampleAttachment("a3", { machineId: "id-m2" }));
      await attachments.update("a2", { state: "attached" });
      const ids = async (filter: Parameters<AttachmentStore["list"]>[1]): Promise<readonly string[]> =>
        (await attachments.list({ limit: 10 }, filter)).items.map((attachment) => attachment.id).toSorted();
      expect(await ids({ machineId: "id-m1" })).toEqual(["a1", "a2"]);
      expect(await ids({ states: ["attached"] })).toEqual(["a2"]);
      expect(await ids({ machineId: "id-m2", states: ["attached", "detached"] })).toEqual([]);
      expect(await ids({ states: [] })).toEqual([]);
    });

    it("filters by a member, wherever else its name may stand", async () => {
      await under.begin(sampleAttachment("a1", { detachOn: { at: "boot" } }));
      await under.begin(
        sampleAttachment("a2", { role: "boot", warnings: ['what says "leftIn":"detachOn": is a text'] }),
      );
      await under.begin(sampleAttachment("a3", { machineId: "id-m2", leftIn: "Cd" }));
      const ids = async (has: "detachOn" | "leftIn"): Promise<readonly string[]> =>
        (await attachments.list({ limit: 10 }, { has })).items.map((attachment) => attachment.id);
      expect([await ids("detachOn"), await ids("leftIn")]).toEqual([["a1"], ["a3"]]);
      await attachments.update("a3", { leftIn: undefined });
      expect(await ids("leftIn")).toEqual([]);
    });

    it("refuses to bring a second attachment of a role to life", async () => {
      await under.begin(sampleAttachment("a1"));
      await attachments.update("a1", { state: "failed" });
      await under.begin(sampleAttachment("a2"));
      await expect(attachments.update("a1", { state: "detaching" })).rejects.toMatchObject({
        code: "ALREADY_ATTACHED",
      });
      expect((await attachments.get("a1")).state).toBe("failed");
    });
  });
};
