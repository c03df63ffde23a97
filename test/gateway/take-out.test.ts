// What an operation on a slot leaves where it cannot be done to its end: a detach after its eject, a replacement's new medium.
import { describe, expect, test } from "vitest";
import type { MediaDriver, SlotState } from "../../src/core/driver.ts";
import { MediabayError } from "../../src/core/errors.ts";
import type { OperationContext, OperationHandler } from "../../src/core/ports.ts";
import type { AttachmentRecord, ReadSummary } from "../../src/core/records.ts";
import type { Conversations } from "../../src/gateway/connect.ts";
import type { GatewayDeps } from "../../src/gateway/deps.ts";
import { createDetachHandler } from "../../src/gateway/detach.ts";
import { takeNewOut } from "../../src/gateway/replace/former.ts";
import type { ReplaceWork } from "../../src/gateway/replace/replace-work.ts";
import { silentLog } from "../tools/image-plane.ts";

const url = "http://gw/m/token/media.iso";
const locked = new MediabayError("STORE_UNAVAILABLE", "The database is in use.");
const cancelled = new MediabayError("CANCELLED", "The operation was cancelled.");

interface SceneOptions {
  readonly state?: SlotState;
  readonly release?: MediabayError;
  readonly eject?: MediabayError;
}

const setScene = ({ state = { inserted: true, image: url }, release, eject }: SceneOptions = {}) => {
  let attachment = { id: "a1", slot: "Cd", state: "attached", warnings: [] } as unknown as AttachmentRecord;
  let isPublished = true;
  const ejected: string[] = [];
  const released: string[] = [];
  const media = {
    slot: async (id: string) => ({ id, mediaTypes: ["CD"], urlCapable: true, state }),
    eject: async (id: string) => {
      if (eject !== undefined) throw eject;
      ejected.push(id);
    },
  } as unknown as MediaDriver;
  const link = {
    get: async () => ({ session: { media }, machine: { id: "m1", endpoints: [] } }),
    close: async () => undefined,
  };
  const deps = {
    clock: { now: () => 7 },
    log: silentLog,
    auditLog: { append: async () => undefined },
    attachments: {
      get: async () => attachment,
      list: async () => ({ items: [attachment] }),
      update: async (_id: string, change: Partial<AttachmentRecord>) => (attachment = { ...attachment, ...change }),
    },
    publications: {
      find: () => (isPublished ? { attachmentId: "a1", machineId: "m1", url } : undefined),
      list: () => [],
      isOurs: (shown: string) => shown.startsWith("http://gw/"),
      isAlike: () => false,
      reads: async () => ({}) as ReadSummary,
      withdraw: async () => void (isPublished = false),
    },
    images: {
      release: async (holder: string) => {
        released.push(holder);
        if (release !== undefined) throw release;
      },
    },
  } as unknown as GatewayDeps;
  return {
    deps,
    media,
    ejected,
    released,
    conversations: { link: () => link } as unknown as Conversations,
    attachment: () => attachment,
    isPublished: () => isPublished,
  };
};

/** As the operations do it: what was begun is undone backwards, with what it had answered. */
const runWithUndo = async (handler: OperationHandler, cancelBefore?: string, input: object = {}) => {
  const undos: (() => Promise<void>)[] = [];
  const warnings: string[] = [];
  const aborted = new AbortController();
  const step: OperationContext["step"] = async (name, _title, run, undo) => {
    if (name.startsWith(cancelBefore ?? "no step")) aborted.abort(cancelled);
    aborted.signal.throwIfAborted();
    const mine: { output?: Awaited<ReturnType<typeof run>> } = {};
    if (undo !== undefined) undos.unshift(() => undo(mine.output, new AbortController().signal));
    mine.output = await run({ attempt: 1, signal: aborted.signal, progress: () => undefined });
    return mine.output;
  };
  const context = {
    operation: { id: "o1", kind: "detach", machineId: "m1", machineName: "one", createdBy: "me" },
    input: { attachments: ["a1"], force: false, ...input },
    signal: aborted.signal,
    resumed: false,
    step,
    warn: (text: string) => warnings.push(text),
    defer: () => undefined,
  } as unknown as OperationContext;
  const [outcome] = await Promise.allSettled([handler(context)]);
  if (outcome?.status === "rejected") for (const undo of undos) await Promise.allSettled([undo()]);
  return { warnings, succeeded: outcome?.status === "fulfilled" };
};

describe("a detach whose medium is out", () => {
  test("ends so with a warning where only the deletion of the bytes is held up", async () => {
    const scene = setScene({ release: locked });
    const { warnings, succeeded } = await runWithUndo(createDetachHandler(scene.deps, scene.conversations));
    expect(succeeded).toBe(true);
    expect(scene.attachment()).toMatchObject({ state: "detached" });
    expect(warnings).toEqual([expect.stringMatching(/could not be deleted yet: The database is in use\./)]);
  });

  test.each(["withdraw", "release", "record"])("is never undone to `attached`: cancelled before %s", async (name) => {
    const scene = setScene();
    const handler = createDetachHandler(scene.deps, scene.conversations);
    expect(await runWithUndo(handler, name)).toMatchObject({ succeeded: false });
    expect(scene.attachment()).toMatchObject({ state: "detached" });
    expect([scene.isPublished(), scene.ejected]).toEqual([false, ["Cd"]]);
    expect(scene.released).toContain("a1");
  });
});

test("a detach by rule leaves a medium in that a replacement put in after the rule was judged", async () => {
  const scene = setScene();
  const handler = createDetachHandler(scene.deps, scene.conversations);
  expect(await runWithUndo(handler, undefined, { attachedAt: 1 })).toMatchObject({
    succeeded: true,
    warnings: [expect.stringMatching(/replaced meanwhile/)],
  });
  expect(scene.attachment()).toMatchObject({ state: "attached" });
  expect([scene.isPublished(), scene.ejected]).toEqual([true, []]);
  await runWithUndo(handler, undefined, { attachedAt: null });
  expect(scene.attachment()).toMatchObject({ state: "detached" });
});

test("a detach that could not take the medium out leaves it attached", async () => {
  const scene = setScene({ eject: new MediabayError("BMC_REJECTED", "No.") });
  expect(await runWithUndo(createDetachHandler(scene.deps, scene.conversations))).toMatchObject({ succeeded: false });
  expect(scene.attachment()).toMatchObject({ state: "attached" });
  expect([scene.isPublished(), scene.released]).toEqual([true, []]);
});

describe("a replacement that failed takes its new medium out", () => {
  const takeOut = async (options: SceneOptions) => {
    const scene = setScene(options);
    const work = { deps: scene.deps, attachmentId: "a1" } as unknown as ReplaceWork;
    const way = { slot: "Cd", mediaType: "CD", extension: "iso", evict: [] } as const;
    const [outcome] = await Promise.allSettled([takeNewOut(work, way, scene.media)]);
    return { ...scene, outcome };
  };

  test.each<SlotState>([{ inserted: true, image: url }, { inserted: true }, { inserted: false }])(
    "from a slot that shows %j",
    async (state) => {
      const { ejected, attachment } = await takeOut({ state });
      expect(ejected).toEqual(["Cd"]);
      expect(attachment().leftIn).toBeUndefined();
    },
  );

  test("and nobody else's", async () => {
    const { ejected, attachment } = await takeOut({
      state: { inserted: true, image: "http://127.0.0.1:9/theirs.iso" },
    });
    expect(ejected).toEqual([]);
    expect(attachment().leftIn).toBeUndefined();
  });

  test("or remembers that it is left in", async () => {
    const { outcome, attachment } = await takeOut({ eject: new MediabayError("BMC_REJECTED", "No.") });
    expect(outcome?.status).toBe("rejected");
    expect(attachment()).toMatchObject({ leftIn: "Cd" });
  });
});
