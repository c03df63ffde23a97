// From slot to slot: what one refuses another may take, under a name that suits it.
import { expect, test } from "vitest";
import type { MediaDriver, Medium, PowerDriver, Session, Slot } from "../../src/core/driver.ts";
import { MediabayError } from "../../src/core/errors.ts";
import type { OperationContext, PublishRequest, RepackImage } from "../../src/core/ports.ts";
import type { AttachmentRecord } from "../../src/core/records.ts";
import type { AttachInput, AttachWork } from "../../src/gateway/attach-work.ts";
import type { ImageFacts } from "../../src/gateway/image.ts";
import { choose, insertStep } from "../../src/gateway/insert.ts";

const image = { digest: "d", sizeBytes: 4096, format: "iso9660" } as const;
const nextSlot = new MediabayError("BMC_REJECTED", "The BMC answered 400", { nextSlot: true, bmcCode: "X.1.0.No" });

const slotOf = (id: string, mediaTypes: Slot["mediaTypes"], inserted = false): Slot => ({
  id,
  mediaTypes,
  urlCapable: true,
  state: inserted ? { inserted, image: "nfs://x/theirs.iso" } : { inserted },
});

/** A machine whose slots refuse with these errors, and else take what they get. */
const setScene = (
  slots: readonly Slot[],
  refusals: Readonly<Record<string, MediabayError>>,
  rules: MediaDriver["rules"] = {},
  input: Partial<AttachInput> = {},
  more: Partial<Session> = {},
) => {
  const tried: [string, string][] = [];
  const warnings: string[] = [];
  const published: PublishRequest[] = [];
  const audited: string[] = [];
  const repacked: [string, number | undefined][] = [];
  let attachment = { id: "a1", warnings: [] } as unknown as AttachmentRecord;
  let attempt = 1;
  let isPublished = true;
  const media = {
    rules,
    slots: async () => slots,
    slot: async (id: string) => slots.find((slot) => slot.id === id),
    urlRules: async () => ({ schemes: ["https"], maxLength: 99 }),
    insert: async (id: string, medium: Medium) => {
      tried.push([id, medium.url]);
      const refusal = refusals[id];
      if (refusal !== undefined) throw refusal;
      return { inserted: true, image: medium.url, ...(id === "mute" ? { unverified: true as const } : {}) };
    },
  } as unknown as MediaDriver;
  const work = {
    attachmentId: "a1",
    input: { role: "boot", boot: "none", force: false, ...input },
    link: {
      get: async () => ({
        session: { media, ...more },
        endpoint: { address: "https://bmc.example" },
        machine: { id: "m1", endpoints: [] },
      }),
    },
    context: {
      operation: { machineId: "m1", machineName: "one", createdBy: "me" },
      signal: new AbortController().signal,
      warn: (text: string) => warnings.push(text),
      step: (_name: string, _title: string, run: (step: object) => Promise<unknown>) => run({ attempt }),
    } as unknown as OperationContext,
    deps: {
      images: {
        repack: async ({ format, mostBytes }: RepackImage) => {
          repacked.push([format, mostBytes]);
          return { digest: format, sizeBytes: 1_474_560, format };
        },
      },
      clock: { now: () => 7 },
      imageCa: "PEM",
      attachments: {
        list: async () => ({ items: [] }),
        get: async () => attachment,
        update: async (_id: string, change: Partial<AttachmentRecord>) => {
          attachment = { ...attachment, ...change };
        },
      },
      auditLog: { append: async ({ action }: { action: string }) => void audited.push(action) },
      publications: {
        settled: async () => undefined,
        list: () => [],
        isOurs: () => false,
        isAlike: () => false,
        find: () => (isPublished ? { url: `https://gw/m/t/media.${published.at(-1)?.extension ?? "iso"}` } : undefined),
        withdraw: async () => undefined,
        publish: async (request: PublishRequest) => {
          published.push(request);
          isPublished = true;
          return {};
        },
      },
    },
  } as unknown as AttachWork;
  const insert = async (facts: ImageFacts = image) =>
    insertStep(work, facts, await choose(work, facts, media, { fresh: false }));
  const interrupted = (): void => {
    attempt = 2;
    isPublished = false;
  };
  return { insert, interrupted, tried, warnings, published, audited, repacked, attachment: () => attachment };
};

test("a slot that refuses is followed by the next, and each try is told", async () => {
  const scene = setScene([slotOf("1", ["CD"]), slotOf("2", ["DVD"])], { "1": nextSlot });
  expect(await scene.insert()).toMatchObject({ slot: "2", mediaType: "DVD", extension: "iso" });
  expect(scene.tried.map(([id]) => id)).toEqual(["1", "2"]);
  expect(scene.published).toEqual([]);
  expect(scene.warnings).toEqual([expect.stringMatching(/^Slot 1 did not take the medium, slot 2 is tried/)]);
  expect(scene.attachment()).toMatchObject({ slot: "2", warnings: scene.warnings });
  expect(scene.audited).toEqual(["media.refused"]);
});

test("another kind of slot gets the image under another name, by the rules of that slot", async () => {
  const scene = setScene([slotOf("1", ["CD"]), slotOf("2", ["USBStick"])], { "1": nextSlot });
  expect(await scene.insert()).toMatchObject({ slot: "2", extension: "img" });
  expect(scene.published).toMatchObject([
    { extension: "img", schemes: ["https"], maxLength: 99, bmcHost: "bmc.example" },
  ]);
  expect(scene.tried).toEqual([
    ["1", "https://gw/m/t/media.iso"],
    ["2", "https://gw/m/t/media.img"],
  ]);
});

test("an attempt that ended between two publications is followed by one that publishes again", async () => {
  const scene = setScene([slotOf("1", ["CD"])], {});
  scene.interrupted();
  expect(await scene.insert()).toMatchObject({ slot: "1" });
  expect(scene.published).toMatchObject([{ digest: "d", extension: "iso" }]);
  expect(scene.tried).toEqual([["1", "https://gw/m/t/media.iso"]]);
});

test("when all refuse, the first refusal is what is told", async () => {
  const second = new MediabayError("BMC_REJECTED", "second", { nextSlot: true });
  const scene = setScene([slotOf("1", ["CD"]), slotOf("2", ["CD"])], { "1": nextSlot, "2": second });
  await expect(scene.insert()).rejects.toBe(nextSlot);
});

test("a refusal that is not about the slot is not carried to the next", async () => {
  const busy = new MediabayError("BMC_BUSY", "in POST");
  const scene = setScene([slotOf("1", ["CD"]), slotOf("2", ["CD"])], { "1": busy });
  await expect(scene.insert()).rejects.toBe(busy);
  expect(scene.tried).toHaveLength(1);
});

test("somebody else's medium is never ejected for the next try, not even with force", async () => {
  const scene = setScene([slotOf("1", ["CD"]), slotOf("2", ["CD"], true)], { "1": nextSlot }, {}, { force: true });
  await expect(scene.insert()).rejects.toBe(nextSlot);
  expect(scene.tried).toHaveLength(1);
});

test("a BMC that shows nothing of its media is told as such, and its limit is kept with the attachment", async () => {
  const scene = setScene([slotOf("mute", ["CD"])], {}, { idleUnmountMs: 60_000 });
  await scene.insert();
  expect(scene.attachment()).toMatchObject({ idleUnmountMs: 60_000, observed: { unverified: true } });
  expect(scene.warnings).toEqual([expect.stringMatching(/known from its reads only/)]);
});

test("a next slot that takes another form gets the files in that, from the image as it came", async () => {
  const forms = [
    { format: "iso9660", sizeBytes: 4096, stored: true },
    { format: "fat", sizeBytes: 1_474_560, stored: false },
  ] as const;
  const scene = setScene([slotOf("1", ["CD"]), slotOf("2", ["Floppy"])], { "1": nextSlot });
  expect(await scene.insert({ ...image, forms })).toMatchObject({
    slot: "2",
    mediaType: "Floppy",
    image: { digest: "fat", format: "fat" },
  });
  expect(scene.repacked).toEqual([["fat", 2_949_120]]);
  expect(scene.published).toMatchObject([{ digest: "fat", extension: "img" }]);
  expect(scene.attachment()).toMatchObject({ digest: "fat", format: "fat", sizeBytes: 1_474_560 });
  expect(scene.warnings.at(-1)).toMatch(/ISO 9660 was repacked as .*FAT/);
});

test.each(["On", "PoweringOff", "Unknown"] as const)(
  "where a deploy agent may run, nothing goes in while the machine is %s",
  async (state) => {
    const power = { state: async () => state } as unknown as PowerDriver;
    const scene = setScene([slotOf("1", ["CD"])], {}, {}, { role: "configdrive", expectAgent: true }, { power });
    await expect(scene.insert()).rejects.toMatchObject({ code: "AGENT_MAY_RUN" });
    expect(scene.tried).toEqual([]);
  },
);

test("where a deploy agent may run, a BMC without power control is refused", async () => {
  const scene = setScene([slotOf("1", ["CD"])], {}, {}, { role: "configdrive", expectAgent: true });
  await expect(scene.insert()).rejects.toMatchObject({ code: "AGENT_MAY_RUN" });
});
