// The machine's network ports, and when it was last reset: what a BMC tells of them, and what it does not.
import { afterEach, expect, test } from "vitest";
import { plainService, type ScriptedBmc, startScriptedBmc, systemPath } from "./scripted-bmc.ts";

let bmc: ScriptedBmc | undefined;

afterEach(async () => bmc?.close());

const portsPath = `${systemPath}/EthernetInterfaces`;

const start = async (system: object, resources: Readonly<Record<string, object>> = {}): Promise<ScriptedBmc> => {
  bmc = await startScriptedBmc(plainService());
  Object.assign(bmc.resources[systemPath] ?? {}, system);
  Object.assign(bmc.resources, resources);
  return bmc;
};

const withPorts = (...ports: readonly object[]): Promise<ScriptedBmc> => {
  const members = ports.map((_port, index) => `${portsPath}/${index + 1}`);
  return start(
    { EthernetInterfaces: { "@odata.id": portsPath } },
    {
      [portsPath]: { Members: members.map((path) => ({ "@odata.id": path })) },
      ...Object.fromEntries(ports.map((port, index) => [members[index], { Id: String(index + 1), ...port }])),
    },
  );
};

const macAddresses = async (started: ScriptedBmc): Promise<readonly string[] | undefined> => {
  const session = await started.open();
  try {
    return await session.inventory?.macAddresses();
  } finally {
    await session.close();
  }
};

test("addresses are told in one spelling, each once, the permanent ones too", async () => {
  const started = await withPorts(
    { MACAddress: "52:54:00:AA:BB:01", PermanentMACAddress: "52:54:00:aa:bb:02" },
    { MACAddress: "52-54-00-AA-BB-01" },
    { MACAddress: "525400AABB03", PermanentMACAddress: null },
  );
  expect(await macAddresses(started)).toEqual(["52:54:00:aa:bb:01", "52:54:00:aa:bb:02", "52:54:00:aa:bb:03"]);
});

test("ports without an address, or with none that is one, are left out", async () => {
  const started = await withPorts(
    {},
    { MACAddress: "00:00:00:00:00:00" },
    { MACAddress: "unknown" },
    { MACAddress: 7 },
  );
  expect(await macAddresses(started)).toEqual([]);
});

test("a port that the BMC lists and cannot show is left out", async () => {
  const started = await withPorts({ MACAddress: "52:54:00:aa:bb:01" }, { MACAddress: "52:54:00:aa:bb:02" });
  started.on("GET", `${portsPath}/2`, () => ({ status: 404 }));
  expect(await macAddresses(started)).toEqual(["52:54:00:aa:bb:01"]);
});

test("what was asked for once is remembered", async () => {
  const started = await withPorts({ MACAddress: "52:54:00:aa:bb:01" });
  const first = await started.open();
  await first.inventory?.macAddresses();
  await first.inventory?.macAddresses();
  const memory = first.memory();
  await first.close();
  const asked = (): number => started.asked().filter((each) => each.includes("EthernetInterfaces")).length;
  expect(asked()).toBe(2);
  const second = await started.open({ memory });
  expect(await second.inventory?.macAddresses()).toEqual(["52:54:00:aa:bb:01"]);
  await second.close();
  expect(asked()).toBe(2);
});

test("a system without ports has no inventory, and one whose list is gone fails as the BMC does", async () => {
  expect(await macAddresses(await start({}))).toBeUndefined();
  await bmc?.close();
  const gone = await start({ EthernetInterfaces: { "@odata.id": portsPath } });
  await expect(macAddresses(gone)).rejects.toMatchObject({ definition: { fault: "bmc" } });
});

test.each<[object, number | undefined]>([
  [{ LastResetTime: "2026-01-02T03:04:05Z" }, Date.UTC(2026, 0, 2, 3, 4, 5)],
  [{ LastResetTime: "2026-01-02T04:04:05+01:00" }, Date.UTC(2026, 0, 2, 3, 4, 5)],
  [{ LastResetTime: "yesterday" }, undefined],
  [{ LastResetTime: null }, undefined],
  [{}, undefined],
])("%j is a last reset at %s", async (system, at) => {
  const session = await (await start(system)).open();
  try {
    expect(await session.power?.lastResetAt?.()).toBe(at);
  } finally {
    await session.close();
  }
});
