import { afterEach, expect, test } from "vitest";
import type { DriverContext } from "../../../src/core/driver.ts";
import {
  type Body,
  cdPath,
  insertPath,
  managerPath,
  medium,
  obey,
  plainService,
  refusal,
  type ScriptedBmc,
  startScriptedBmc,
  systemPath,
} from "./scripted-bmc.ts";

let bmc: ScriptedBmc | undefined;

afterEach(async () => bmc?.close());

const resetPath = `${managerPath}/Actions/Manager.Reset`;

/** A BMC that refuses inserts until it is reset, and is away for a while after that. */
const hanging = async (): Promise<ScriptedBmc> => {
  const resources = plainService();
  Object.assign(resources[managerPath] ?? {}, { Actions: { "#Manager.Reset": { target: resetPath } } });
  const started = await startScriptedBmc(resources);
  bmc = started;
  started.on("POST", insertPath, () => refusal(500, "Oem.1.0.Wedged"));
  started.on("POST", resetPath, () => {
    let away = 3;
    started.on("GET", systemPath, () => {
      away -= 1;
      return away >= 0 ? { reset: true } : { body: started.resources[systemPath] ?? {} };
    });
    started.on("POST", insertPath, ({ body }) => {
      Object.assign(started.resources[cdPath] ?? {}, { Image: (body as Body)["Image"], Inserted: true });
      return { status: 204 };
    });
    return { reset: true };
  });
  return started;
};

const errors = { list: [{ match: { id: "Wedged" }, code: "BMC_BUSY", action: "reset-bmc" }] };
const recovery = { bmcReset: { settleMs: 60_000, timeoutMs: 120_000 } };

const insert = async (
  started: ScriptedBmc,
  quirks: Readonly<Record<string, unknown>>,
  allow?: DriverContext["allow"],
) => {
  const session = await started.open({ quirks, ...(allow === undefined ? {} : { allow }) });
  try {
    return await session.media?.insert("cd0", medium);
  } finally {
    await session.close();
  }
};

const resets = (started: ScriptedBmc) => started.requests.filter(({ path }) => path === resetPath);

test("a BMC that hangs is reset where the operator allows that, waited for, and what failed is tried once more", async () => {
  const started = await hanging();
  expect(await insert(started, { errors, recovery }, new Set(["bmcReset"]))).toMatchObject({ inserted: true });
  expect(resets(started).map(({ body }) => body)).toEqual([{ ResetType: "GracefulRestart" }]);
  expect(started.clock.slept).toContain(60_000);
});

test("without that nothing is reset, and the error names the setting", async () => {
  const started = await hanging();
  await expect(insert(started, { errors, recovery })).rejects.toMatchObject({
    code: "BMC_BUSY",
    hint: expect.stringMatching(/policy\.destructive.*bmcReset/),
  });
  expect(resets(started)).toEqual([]);
});

test("another refusal is no reason to reset anything", async () => {
  const started = await hanging();
  const failed = insert(started, { recovery }, new Set(["bmcReset"]));
  await expect(failed).rejects.toMatchObject({ context: { bmcCode: "Oem.1.0.Wedged" } });
  expect(resets(started)).toEqual([]);
});

test("without a profile that asks for it nothing is reset either", async () => {
  const started = await hanging();
  const failed = insert(started, { errors }, new Set(["bmcReset"]));
  await expect(failed).rejects.toMatchObject({ code: "BMC_BUSY", hint: expect.not.stringMatching(/policy/) });
  expect(resets(started)).toEqual([]);
});

test("a BMC that does not come back is told by what went wrong first", async () => {
  const started = await hanging();
  started.on("POST", resetPath, () => {
    started.on("GET", systemPath, () => ({ reset: true }));
    return { status: 204 };
  });
  await expect(insert(started, { errors, recovery }, new Set(["bmcReset"]))).rejects.toMatchObject({
    context: { bmcCode: "Oem.1.0.Wedged" },
  });
});

test("one that hangs again is not reset twice", async () => {
  const started = await hanging();
  started.on("POST", resetPath, () => ({ status: 204 }));
  obey(started);
  started.on("POST", insertPath, () => refusal(500, "Oem.1.0.Wedged"));
  await expect(insert(started, { errors, recovery }, new Set(["bmcReset"]))).rejects.toMatchObject({
    code: "BMC_BUSY",
  });
  expect(resets(started)).toHaveLength(1);
});
