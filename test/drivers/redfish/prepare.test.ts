// What a BMC must be told before it takes media: once, in order, and again when it did not help.
import { afterEach, expect, test } from "vitest";
import type { Json } from "../../../src/core/driver.ts";
import {
  cdPath,
  insertPath,
  managerPath,
  medium,
  plainService,
  refusal,
  type ScriptedBmc,
  startScriptedBmc,
} from "./scripted-bmc.ts";

let bmc: ScriptedBmc | undefined;

afterEach(async () => bmc?.close());

const enablePath = `${managerPath}/Actions/Oem/Contoso.EnableRMedia`;
const collectionPath = cdPath.slice(0, -4);

const steps = [
  {
    method: "POST",
    path: "{manager}/Actions/Oem/Contoso.EnableRMedia",
    body: { RMediaState: "Enable" },
    when: { path: "{manager}", is: { "Oem/Contoso/RMediaStatus": ["Disabled"] } },
    waitMs: 10_000,
    poll: { path: "{manager}", is: { "Oem/Contoso/RMediaStatus": ["Enabled"] }, intervalMs: 500 },
  },
] as const;

/** Its collection is empty until remote media are switched on, which takes a while. */
const start = async (): Promise<ScriptedBmc> => {
  const resources = plainService();
  const members = resources[collectionPath] ?? {};
  resources[collectionPath] = { Members: [] };
  const status = (RMediaStatus: string) => ({ Oem: { Contoso: { RMediaStatus } } });
  Object.assign(resources[managerPath] ?? {}, status("Disabled"));
  bmc = await startScriptedBmc(resources);
  const started = bmc;
  let looks = 0;
  started.on("POST", enablePath, () => {
    looks = 0;
    Object.assign(resources[managerPath] ?? {}, status("Switching"));
    return { status: 204 };
  });
  started.on("GET", managerPath, () => {
    looks += 1;
    if (looks === 3 && started.asked().includes(`POST ${enablePath}`)) {
      Object.assign(resources[managerPath] ?? {}, status("Enabled"));
      resources[collectionPath] = members;
    }
    return { body: resources[managerPath] ?? {} };
  });
  return started;
};

const open = (started: ScriptedBmc, memory?: Json) =>
  started.open({ quirks: { prepare: { steps } }, ...(memory === undefined ? {} : { memory }) });

const enables = (started: ScriptedBmc): number =>
  started.asked().filter((asked) => asked === `POST ${enablePath}`).length;

test("reading the slots prepares nothing", async () => {
  const started = await start();
  const session = await open(started);
  expect(await session.media?.slots()).toEqual([]);
  await session.close();
  expect(enables(started)).toBe(0);
});

test("the steps run with their pause and their wait, and the slots that appear are read", async () => {
  const started = await start();
  const session = await open(started);
  await session.media?.slots();
  const before = session.exchanges;
  expect(await session.media?.prepare?.()).toBe(session.exchanges - before);
  expect((await session.media?.slots())?.map(({ id }) => id)).toEqual(["cd0"]);
  await session.close();
  expect(started.clock.slept).toEqual([10_000, 500, 500]);
  expect(started.requests.find(({ path }) => path === enablePath)?.body).toEqual({ RMediaState: "Enable" });
});

test("what is done is remembered, and repeated only when it is asked for", async () => {
  const started = await start();
  const first = await open(started);
  await first.media?.prepare?.();
  const second = await open(started, first.memory());
  expect(await second.media?.prepare?.()).toBe(0);
  expect(second.exchanges).toBe(0);
  expect(await second.media?.prepare?.({ again: true })).toBeGreaterThan(0);
  await second.close();
  await first.close();
});

test("other steps are other work", async () => {
  const started = await start();
  const first = await open(started);
  await first.media?.prepare?.();
  const quirks = { prepare: { steps: [{ method: "POST", path: enablePath }] } };
  const second = await started.open({ quirks, memory: first.memory() });
  expect(await second.media?.prepare?.()).toBe(1);
  await second.close();
  await first.close();
});

test("a step that fails, and an insert that is refused, make the next one begin anew", async () => {
  const started = await start();
  started.on("POST", enablePath, () => refusal(503, "ServiceTemporarilyUnavailable"));
  const session = await open(started);
  await expect(session.media?.prepare?.()).rejects.toMatchObject({ code: "BMC_BUSY" });
  started.on("POST", enablePath, () => ({ status: 204 }));
  Object.assign(started.resources[managerPath] ?? {}, { Oem: { Contoso: { RMediaStatus: "Enabled" } } });
  started.resources[collectionPath] = { Members: [{ "@odata.id": cdPath }] };
  expect(await session.media?.prepare?.()).toBe(1);
  started.on("POST", insertPath, () => refusal(500, "InternalError"));
  await expect(session.media?.insert("cd0", medium)).rejects.toMatchObject({ code: "BMC_REJECTED" });
  expect(await session.media?.prepare?.()).toBe(1);
  await session.close();
});

test("a wait that never comes true is a named failure", async () => {
  const started = await start();
  started.on("GET", managerPath, () => ({ body: { Id: "m1", Oem: { Contoso: { RMediaStatus: "Disabled" } } } }));
  const session = await open(started);
  await expect(session.media?.prepare?.()).rejects.toMatchObject({ code: "BMC_INCONSISTENT" });
  await session.close();
});

test("a BMC that needs none is asked nothing", async () => {
  const started = await start();
  const session = await started.open();
  const before = session.exchanges;
  expect(await session.media?.prepare?.()).toBe(0);
  expect(session.exchanges).toBe(before);
  await session.close();
});
