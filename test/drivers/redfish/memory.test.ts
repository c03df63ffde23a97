import { afterEach, describe, expect, test } from "vitest";
import type { Json } from "../../../src/core/driver.ts";
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

/** A BMC, and what a conversation with it remembered. */
const remembered = async (): Promise<{ started: ScriptedBmc; memory: Json }> => {
  const started = await startScriptedBmc(plainService());
  bmc = started;
  obey(started);
  const session = await started.open();
  await session.media?.slots();
  await session.boot?.targets();
  const memory = session.memory();
  await session.close();
  return { started, memory };
};

const requestsOf = async (started: ScriptedBmc, work: () => Promise<unknown>): Promise<readonly string[]> => {
  const before = started.requests.length;
  await work();
  return started.asked().slice(before);
};

const discovery = ["GET /redfish/v1/", "GET /redfish/v1/Systems", `GET ${systemPath}`, `GET ${managerPath}`];

test("is used for a day, and then not", async () => {
  const { started, memory } = await remembered();
  const dayMs = 24 * 60 * 60 * 1000;
  await started.clock.sleep(dayMs - 1);
  expect(await requestsOf(started, async () => (await started.open({ memory })).close())).toEqual([]);
  await started.clock.sleep(1);
  expect(await requestsOf(started, async () => (await started.open({ memory })).close())).toEqual(discovery);
});

test("does not become younger by being used", async () => {
  const { started, memory } = await remembered();
  await started.clock.sleep(60_000);
  const session = await started.open({ memory });
  expect(session.memory()).toEqual(memory);
  await session.close();
});

test("of another system of the BMC is not used", async () => {
  const { started, memory } = await remembered();
  const endpoint = { system: "s1" };
  expect(await requestsOf(started, async () => (await started.open({ memory, endpoint })).close())).toEqual(discovery);
});

/** The firmware was changed: the slot is at another place now. */
const move = (started: ScriptedBmc): void => {
  const moved = "/redfish/v1/Moved/cd0";
  started.resources[`${systemPath}/VirtualMedia`] = { Members: [{ "@odata.id": moved }] };
  const actions = { "#VirtualMedia.InsertMedia": { target: `${moved}/Insert` } };
  started.resources[moved] = { ...started.resources[cdPath], Actions: actions };
  delete started.resources[cdPath];
  Object.assign(started.resources[managerPath] ?? {}, { FirmwareVersion: "8.0.0" });
  started.on("POST", `${moved}/Insert`, ({ body }) => {
    Object.assign(started.resources[moved] ?? {}, { Image: (body as Body)["Image"], Inserted: true });
    return { status: 204 };
  });
};

describe("that is no longer true", () => {
  test.each([404, 405, 400])("because a path answers %i is learnt anew, once, and the work goes on", async (status) => {
    const { started, memory } = await remembered();
    move(started);
    started.on("POST", insertPath, () => ({ status }));
    const session = await started.open({ memory });
    expect(session.identity.firmwareVersion).toBe("7.1.0");
    expect(await session.media?.insert("cd0", medium)).toMatchObject({ inserted: true, image: medium.url });
    expect(session.identity.firmwareVersion).toBe("8.0.0");
    expect(JSON.stringify(session.memory())).toContain("/redfish/v1/Moved/cd0");
    expect(started.asked().filter((each) => each === `POST ${insertPath}`)).toHaveLength(1);
    await session.close();
  });

  test("because a slot has changed its shape is learnt anew", async () => {
    const { started, memory } = await remembered();
    Object.assign(started.resources[cdPath] ?? {}, { MediaTypes: ["USBStick"] });
    const session = await started.open({ memory });
    expect(await session.media?.slot("cd0")).toMatchObject({ mediaTypes: ["USBStick"] });
    expect(started.asked().filter((each) => each === "GET /redfish/v1/")).toHaveLength(2);
    await session.close();
  });

  test("asks the profile again, for the new identity", async () => {
    const { started, memory } = await remembered();
    move(started);
    started.on("POST", insertPath, () => ({ status: 404 }));
    const session = await started.open({ memory, quirks: { slots: { exclude: "cd0" } } });
    await expect(session.media?.insert("cd0", medium)).rejects.toMatchObject({ code: "UNSUPPORTED_BY_BMC" });
    await session.close();
  });

  test("for the boot override and the power is learnt anew, too", async () => {
    const { started, memory } = await remembered();
    const moved = "/redfish/v1/Systems/new";
    started.resources["/redfish/v1/Systems"] = { Members: [{ "@odata.id": moved }] };
    started.resources[moved] = started.resources[systemPath] ?? {};
    delete started.resources[systemPath];
    const session = await started.open({ memory });
    expect(await session.power?.state()).toBe("Off");
    expect(await session.boot?.override()).toMatchObject({ enabled: "Disabled" });
    await session.close();
  });
});

describe("a firmware that changed without any path telling", () => {
  const refused = refusal(500, "Oem.1.0.NoSuchShare");
  const insertFails = async (firmware: string): Promise<readonly string[]> => {
    const { started, memory } = await remembered();
    Object.assign(started.resources[managerPath] ?? {}, { FirmwareVersion: firmware });
    started.on("POST", insertPath, () => refused);
    const session = await started.open({ memory });
    const asked = await requestsOf(started, async () => {
      await expect(session.media?.insert("cd0", medium)).rejects.toMatchObject({ code: "BMC_REJECTED" });
    });
    await session.close();
    return asked;
  };

  test("is found out by a refusal, and everything is learnt anew", async () => {
    expect(await insertFails("8.0.0")).toEqual(expect.arrayContaining(["GET /redfish/v1/"]));
  });

  test("is looked for once, and nothing is forgotten where it is the same", async () => {
    const asked = await insertFails("7.1.0");
    expect(asked).not.toContain("GET /redfish/v1/");
    expect(asked.filter((each) => each === `GET ${managerPath}`)).toHaveLength(1);
  });
});

describe("that is still true", () => {
  test("is not blamed for a refusal: the request is not sent twice", async () => {
    const { started, memory } = await remembered();
    started.on("POST", insertPath, () => refusal(400, "GeneralError", [], "No such file."));
    const session = await started.open({ memory });
    await expect(session.media?.insert("cd0", medium)).rejects.toMatchObject({
      code: "BMC_REJECTED",
      context: { bmcText: "No such file." },
    });
    expect(started.asked().filter((each) => each === `POST ${insertPath}`)).toHaveLength(1);
    await session.close();
  });

  test("is kept when the BMC does not answer", async () => {
    const { started, memory } = await remembered();
    started.on("POST", insertPath, () => refusal(503, "ServiceTemporarilyUnavailable"));
    const session = await started.open({ memory });
    await expect(session.media?.insert("cd0", medium)).rejects.toMatchObject({ code: "BMC_BUSY" });
    expect(started.asked().filter((each) => each === "GET /redfish/v1/")).toHaveLength(1);
    await session.close();
  });
});

test("a BMC that is as wrong after it was learnt anew fails", async () => {
  const { started, memory } = await remembered();
  started.on("GET", cdPath, () => ({ status: 404 }));
  const session = await started.open({ memory });
  await expect(session.media?.slot("cd0")).rejects.toMatchObject({ code: "UNSUPPORTED_BY_BMC" });
  expect(started.asked().filter((each) => each === "GET /redfish/v1/")).toHaveLength(2);
  await session.close();
});
