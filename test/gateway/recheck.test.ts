// BMCs that drop a medium which nobody reads: it is looked at in time, and put in again.
import { expect, test } from "vitest";
import type { MediaDriver, Medium, Session, SlotState } from "../../src/core/driver.ts";
import { MediabayError } from "../../src/core/errors.ts";
import type { AttachmentRecord, AuditRecord } from "../../src/core/records.ts";
import type { Conversation, Conversations } from "../../src/gateway/connect.ts";
import type { GatewayDeps } from "../../src/gateway/deps.ts";
import { createRecheck, recheckUntil } from "../../src/gateway/recheck.ts";
import { createHastyClock } from "../tools/hasty-clock.ts";
import { silentLog } from "../tools/image-plane.ts";

const url = "http://192.0.2.1/m/token/media.iso";
const idleUnmountMs = 1_800_000;

interface Scene {
  readonly shown: SlotState;
  readonly attachment?: Partial<AttachmentRecord>;
  readonly lastReadAt?: number;
  readonly published?: boolean | "ended";
  readonly fails?: MediabayError;
}

const setScene = ({ shown, attachment: change = {}, lastReadAt, published = true, fails }: Scene) => {
  const clock = createHastyClock(idleUnmountMs);
  let attachment = {
    id: "a1",
    machineId: "m1",
    machineName: "one",
    role: "configdrive",
    state: "attached",
    slot: "cd0",
    mediaType: "CD",
    sizeBytes: 4096,
    observed: { inserted: true, image: url },
    observedAt: 0,
    idleUnmountMs,
    warnings: ["first"],
    ...change,
  } as AttachmentRecord;
  const inserted: [string, Medium][] = [];
  const audited: Omit<AuditRecord, "seq">[] = [];
  let looks = 0;
  const media = {
    slot: async () => {
      looks += 1;
      if (fails !== undefined) throw fails;
      return { id: "cd0", mediaTypes: ["CD"], urlCapable: true, state: shown };
    },
    insert: async (slotId: string, medium: Medium) => {
      inserted.push([slotId, medium]);
      return { inserted: true, image: medium.url };
    },
  } as unknown as MediaDriver;
  const deps = {
    clock,
    log: silentLog,
    attachments: {
      get: async () => attachment,
      list: async () => ({ items: attachment.state === "attached" ? [attachment] : [] }),
      update: async (_id: string, fields: Partial<AttachmentRecord>) => {
        attachment = { ...attachment, ...fields };
        return attachment;
      },
    },
    publications: {
      find: () => (published ? { url, ...(published === "ended" && { endedAt: 1 }) } : undefined),
      reads: async () => (lastReadAt === undefined ? {} : { lastReadAt }),
    },
    auditLog: { append: async (entry: Omit<AuditRecord, "seq">) => void audited.push(entry) },
  } as unknown as GatewayDeps;
  const conversation = { session: { media } as Session } as Conversation;
  const conversations = {
    converse: async (_id: string, _options: unknown, work: (with_: Conversation) => Promise<unknown>) =>
      work(conversation),
  } as unknown as Conversations;
  return {
    deps,
    conversations,
    clock,
    inserted,
    audited,
    looks: () => looks,
    attachment: () => attachment,
    recheck: createRecheck(deps, conversations),
  };
};

const never = new AbortController().signal;

test("a medium that was dropped is inserted again under the same URL, with a warning and an audit entry", async () => {
  const scene = setScene({ shown: { inserted: false } });
  await scene.recheck.round(never);
  expect(scene.inserted).toEqual([["cd0", { url, mediaType: "CD", sizeBytes: 4096 }]]);
  expect(scene.attachment()).toMatchObject({ observedAt: scene.clock.now(), observed: { inserted: true, image: url } });
  expect(scene.attachment().warnings).toEqual(["first", expect.stringMatching(/inserted again/)]);
  expect(scene.audited).toMatchObject([{ action: "media.reinserted", attachmentId: "a1", detail: { slot: "cd0" } }]);
  await scene.recheck.round(never);
  expect(scene.looks()).toBe(1);
});

test("a medium whose publication has ended by its terms is not put in again", async () => {
  const scene = setScene({ shown: { inserted: false }, published: "ended" });
  await scene.recheck.round(never);
  expect([scene.looks(), scene.inserted.length, scene.audited.length]).toEqual([1, 0, 0]);
});

test("a medium that is still in is only looked at", async () => {
  const scene = setScene({ shown: { inserted: true, image: url } });
  await scene.recheck.round(never);
  expect([scene.looks(), scene.inserted.length, scene.attachment().observedAt]).toEqual([1, 0, scene.clock.now()]);
  expect(scene.attachment().warnings).toEqual(["first"]);
});

test("somebody else's medium stays, and is told", async () => {
  const scene = setScene({ shown: { inserted: true, image: "nfs://192.0.2.9/theirs.iso" } });
  await scene.recheck.round(never);
  expect(scene.inserted).toEqual([]);
  expect(scene.attachment().warnings).toEqual(["first", "Slot cd0 holds another medium now."]);
});

test.each<[string, Partial<Scene>]>([
  ["seen within half of the time", { attachment: { observedAt: idleUnmountMs / 2 + 1 } }],
  ["read within half of the time", { lastReadAt: idleUnmountMs / 2 + 1 }],
  [
    "of a BMC without such a limit",
    { attachment: { idleUnmountMs: undefined } as unknown as Partial<AttachmentRecord> },
  ],
])("one that was %s is not asked for", async (_why, change) => {
  const scene = setScene({ shown: { inserted: false }, ...change });
  await scene.recheck.round(never);
  expect(scene.looks()).toBe(0);
});

test("one that is being detached when its turn comes is left alone", async () => {
  const scene = setScene({ shown: { inserted: false } });
  const { get } = scene.deps.attachments;
  Object.assign(scene.deps.attachments, { get: async () => ({ ...(await get("a1")), state: "detaching" }) });
  await scene.recheck.round(never);
  expect(scene.looks()).toBe(0);
});

test("one without a publication is left alone", async () => {
  const scene = setScene({ shown: { inserted: false }, published: false });
  await scene.recheck.round(never);
  expect(scene.looks()).toBe(0);
});

test("a BMC that does not answer is asked again, but not in every round", async () => {
  const scene = setScene({ shown: { inserted: false }, fails: new MediabayError("BMC_UNREACHABLE", "gone") });
  await scene.recheck.round(never);
  await scene.recheck.round(never);
  expect(scene.looks()).toBe(1);
  await scene.clock.sleep(idleUnmountMs / 4);
  await scene.recheck.round(never);
  expect(scene.looks()).toBe(2);
});

test("rounds go on until they are stopped", async () => {
  const scene = setScene({ shown: { inserted: true, image: url } });
  const stopping = new AbortController();
  let rounds = 0;
  const counting = {
    round: async () => {
      rounds += 1;
      if (rounds === 2) throw new Error("the store is away");
      if (rounds === 3) stopping.abort();
    },
  };
  await recheckUntil(scene.deps, counting, stopping.signal);
  expect(rounds).toBe(3);
});
