// Which resources are slots, what they take and when they are taken, as products show it and as profiles say it.
import { afterEach, describe, expect, test } from "vitest";
import type { Slot } from "../../../src/core/driver.ts";
import {
  type Body,
  cdPath,
  managerPath,
  medium,
  plainService,
  type ScriptedBmc,
  startScriptedBmc,
} from "./scripted-bmc.ts";

let bmc: ScriptedBmc | undefined;

afterEach(async () => bmc?.close());

const start = async (change: (resources: Record<string, Body>) => void = () => undefined): Promise<ScriptedBmc> => {
  const resources = plainService();
  change(resources);
  bmc = await startScriptedBmc(resources);
  return bmc;
};

const link = (path: string): Body => ({ "@odata.id": path });

/** A collection with a slot for each id, under the manager. */
const underManager = (resources: Record<string, Body>, slots: Record<string, Body>): void => {
  const path = `${managerPath}/VirtualMedia`;
  resources[managerPath] = { ...resources[managerPath], VirtualMedia: link(path) };
  resources[path] = { Members: Object.keys(slots).map((id) => link(`${path}/${id}`)) };
  for (const [id, slot] of Object.entries(slots)) {
    const target = `${path}/${id}/Actions/VirtualMedia.InsertMedia`;
    resources[`${path}/${id}`] = { Id: id, Actions: { "#VirtualMedia.InsertMedia": { target } }, ...slot };
  }
};

const slotsWith = async (started: ScriptedBmc, quirks: Body): Promise<readonly Slot[]> => {
  const session = await started.open({ quirks });
  const slots = (await session.media?.slots()) ?? [];
  await session.close();
  return slots;
};

const usable = (slots: readonly Slot[]): readonly string[] =>
  slots.filter(({ urlCapable }) => urlCapable).map(({ id }) => id);

describe("a profile may say", () => {
  const manager = { slots: { where: ["manager"] } };
  const many = { EXT1: {}, EXT2: {}, RDOC1: {}, Remote1: {} };

  test("which slots take no URL, or which alone do", async () => {
    const started = await start((resources) => underManager(resources, many));
    const excluding = { slots: { ...manager.slots, exclude: "^(RDOC|Remote)" } };
    expect(usable(await slotsWith(started, excluding))).toEqual(["EXT1", "EXT2"]);
    expect(usable(await slotsWith(started, { slots: { ...manager.slots, include: "^EXT2$" } }))).toEqual(["EXT2"]);
    expect(usable(await slotsWith(started, manager))).toEqual(["EXT1", "EXT2", "RDOC1", "Remote1"]);
  });

  test("the media types of slots that list none or wrong ones", async () => {
    const started = await start((resources) => underManager(resources, { A: {}, B: { MediaTypes: ["Floppy"] } }));
    const mediaTypes = [
      { id: "^A$", types: ["CD", "DVD"] },
      { id: ".", types: ["USBStick"] },
    ];
    const slots = await slotsWith(started, { slots: { ...manager.slots, mediaTypes } });
    expect(slots.map((slot) => slot.mediaTypes)).toEqual([["CD", "DVD"], ["USBStick"]]);
  });

  test("their order, also for those that are only remembered", async () => {
    const started = await start((resources) => underManager(resources, many));
    const quirks = { slots: { ...manager.slots, order: ["EXT2", "EXT1"] } };
    const session = await started.open({ quirks });
    const ids = ["EXT2", "EXT1", "RDOC1", "Remote1"];
    expect((await session.media?.slots())?.map(({ id }) => id)).toEqual(ids);
    const next = await started.open({ quirks, memory: session.memory() });
    expect((await next.media?.slots())?.map(({ id }) => id)).toEqual(ids);
    await next.close();
    await session.close();
  });

  test("how many media fit at one time, and for how long an unread one stays", async () => {
    const session = await (await start()).open({
      quirks: { slots: { maxConcurrent: 1 }, limits: { idleUnmountMs: 60_000 } },
    });
    expect(session.media?.rules).toMatchObject({ maxConcurrent: 1, idleUnmountMs: 60_000 });
    await session.close();
  });
});

describe("a collection without members", () => {
  const withoutMembers = (resources: Record<string, Body>): void => {
    resources[cdPath.slice(0, -4)] = { Name: "Virtual Media" };
    resources[`${managerPath}/VM1/CD1`] = { Id: "CD1", Inserted: false, Image: null };
  };
  const guess = [{ path: "{manager}/VM1/Floppy1" }, { path: "{manager}/VM1/CD1", id: "iso" }];

  test("has the slots that a profile guesses and that answer", async () => {
    const started = await start(withoutMembers);
    const slots = await slotsWith(started, { slots: { guess }, insert: { method: "patch" } });
    expect(slots).toEqual([{ id: "iso", mediaTypes: [], urlCapable: true, state: { inserted: false } }]);
  });

  test("is empty without a guess, and the profile's hint is at hand", async () => {
    const started = await start(withoutMembers);
    const quirks = { slots: { noneHint: "Switch the host on." } };
    expect(await slotsWith(started, quirks)).toEqual([]);
    const session = await started.open({ quirks });
    expect(session.media?.rules?.noneHint).toBe("Switch the host on.");
    await expect(session.media?.insert("cd0", medium)).rejects.toMatchObject({ hint: "Switch the host on." });
    await session.close();
  });

  test("can be guessed where no resource links to any virtual media", async () => {
    const started = await start((resources) => {
      withoutMembers(resources);
      const { VirtualMedia: _link, ...system } = resources["/redfish/v1/Systems/s1"] ?? {};
      resources["/redfish/v1/Systems/s1"] = system;
    });
    const plain = await started.open();
    expect(plain.media).toBeUndefined();
    await plain.close();
    expect(await slotsWith(started, { slots: { guess } })).toHaveLength(1);
  });
});

describe("a device that two collections show", () => {
  const theirs = "nfs://192.0.2.9/theirs.iso";

  test("is taken when either shows a medium", async () => {
    const started = await start((resources) => underManager(resources, { CD: { Image: theirs, Inserted: true } }));
    const alone = await slotsWith(started, {});
    expect(alone[0]?.state?.inserted).toBe(false);
    const views = { where: "manager", ids: { cd0: "CD" } };
    const both = await slotsWith(started, { slots: { views } });
    expect(both).toMatchObject([{ id: "cd0", state: { inserted: true, image: theirs } }]);
    const session = await started.open({ quirks: { slots: { views } } });
    await session.media?.slots();
    await expect(session.media?.insert("cd0", medium)).rejects.toMatchObject({ code: "SLOT_OCCUPIED" });
    await session.close();
  });

  test("is not taken by what another device of the second collection holds", async () => {
    const started = await start((resources) => underManager(resources, { USB: { Image: theirs, Inserted: true } }));
    const both = await slotsWith(started, { slots: { views: { where: "manager" } } });
    expect(both[0]?.state?.inserted).toBe(false);
  });
});

test("a property deep inside, a number and a list can say that a slot is empty", async () => {
  const started = await start((resources) => {
    Object.assign(resources[cdPath] ?? {}, {
      Image: "x",
      Inserted: true,
      Oem: { Contoso: { Mode: 0, Uses: ["none"] } },
    });
  });
  const stateBy = async (predicate: Body) =>
    (await slotsWith(started, { empty: { any: [predicate] } }))[0]?.state?.inserted;
  expect(await stateBy({ "Oem/Contoso/Mode": [0] })).toBe(false);
  expect(await stateBy({ "Oem/Contoso/Uses": ["none"] })).toBe(false);
  expect(await stateBy({ "Oem/Contoso/Mode": [1] })).toBe(true);
  expect(await stateBy({ "Oem/Other": ["absent"] })).toBe(false);
});

test("members that a profile says are none for us are left out, others fail the reading", async () => {
  const started = await start();
  started.on("GET", cdPath, () => ({ status: 403 }));
  expect(await slotsWith(started, { slots: { skipOnStatus: [403] } })).toEqual([]);
  const session = await started.open();
  await expect(session.media?.slots()).rejects.toMatchObject({ code: "BMC_AUTHENTICATION" });
  await session.close();
});
