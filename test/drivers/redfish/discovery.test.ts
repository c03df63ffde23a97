import { afterEach, describe, expect, test } from "vitest";
import {
  type Body,
  cdPath,
  managerPath,
  medium,
  obey,
  plainService,
  refusal,
  rootPath,
  type ScriptedBmc,
  startScriptedBmc,
  systemPath,
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

test("everything is found by links, whatever the paths are", async () => {
  const odd = JSON.parse(JSON.stringify(plainService()).replaceAll("/redfish/v1/Systems", "/odd")) as Record<
    string,
    Body
  >;
  bmc = await startScriptedBmc(odd);
  const session = await bmc.open();
  expect((await session.media?.slots())?.map(({ id }) => id)).toEqual(["cd0"]);
  expect(session.identity).toEqual({
    protocol: "redfish",
    vendor: "Contoso",
    protocolVersion: "1.16.0",
    oem: [],
    managerModel: "BMC 7",
    firmwareVersion: "7.1.0",
    systemModel: "C1",
    systemId: "s1",
  });
  await session.close();
});

test("an absolute link is read on the BMC that was asked, and nowhere else", async () => {
  const started = await start((resources) => {
    Object.assign(resources[rootPath] ?? {}, { Systems: link("https://192.0.2.66/redfish/v1/Systems") });
  });
  const session = await started.open();
  expect(session.identity.systemId).toBe("s1");
  await session.close();
});

describe("what is no Redfish service", () => {
  test.each([
    ["404", refusal(404, "X")],
    ["a web page", { body: "<html>Login</html>" }],
    ["another JSON", { body: { hello: "world" } }],
    ["a redirect", { status: 302, headers: { location: "https://192.0.2.66/" } }],
  ])("%s identifies as nothing and cannot be opened", async (_name, answer) => {
    const started = await start();
    started.on("GET", rootPath, () => answer);
    expect(await started.identify()).toBeUndefined();
    await expect(started.open()).rejects.toMatchObject({ code: "UNSUPPORTED_BY_BMC" });
    expect(started.requests).toHaveLength(2);
  });
});

test("a service root that wants credentials gets them, but only then", async () => {
  const started = await start();
  started.on("GET", rootPath, ({ headers }) =>
    headers.authorization === undefined ? refusal(401, "NoValidSession") : { body: started.resources[rootPath] ?? {} },
  );
  await (await started.open()).close();
  expect(started.requests.map(({ headers }) => headers.authorization !== undefined)).toEqual([
    false,
    true,
    true,
    true,
    true,
  ]);
});

test("a resource that is no JSON is BMC_MALFORMED", async () => {
  const started = await start();
  started.on("GET", managerPath, () => ({ body: '{"Id": ' }));
  await expect(started.open()).rejects.toMatchObject({ code: "BMC_MALFORMED", context: { uri: managerPath } });
});

describe("a BMC with several systems", () => {
  const other = "/redfish/v1/Systems/a-board";
  const withBoard = (board: Body) => (resources: Record<string, Body>) => {
    resources["/redfish/v1/Systems"] = { Members: [link(other), link(systemPath)] };
    resources[other] = { Id: "a-board", Name: "System", SerialNumber: "B-1", UUID: "AAAA-BBBB", ...board };
  };
  const reset = { "#ComputerSystem.Reset": { target: `${other}/Reset` } };

  test("the host is the one that can be reset and has virtual media, though it is not the first", async () => {
    const session = await (await start(withBoard({ Boot: {}, VirtualMedia: link(`${other}/VirtualMedia`) }))).open();
    expect(session.identity.systemId).toBe("s1");
    await session.close();
  });

  test("virtual media may be its manager's", async () => {
    const started = await start((resources) => {
      withBoard({ Actions: reset, Links: { ManagedBy: [link("/redfish/v1/Managers/m2")] } })(resources);
      resources["/redfish/v1/Managers/m2"] = { Id: "m2" };
      delete resources[systemPath]?.["VirtualMedia"];
      Object.assign(resources[managerPath] ?? {}, { VirtualMedia: link(`${systemPath}/VirtualMedia`) });
    });
    const session = await started.open();
    expect(session.identity.systemId).toBe("s1");
    expect(await session.media?.slots()).toHaveLength(1);
    await session.close();
  });

  const twins = withBoard({ Actions: reset, VirtualMedia: link(`${other}/VirtualMedia`) });

  test("two that could be meant are SYSTEM_AMBIGUOUS, both named", async () => {
    const started = await start(twins);
    await expect(started.open()).rejects.toMatchObject({
      code: "SYSTEM_AMBIGUOUS",
      message: expect.stringMatching(/a-board.*B-1.*s1/),
    });
    expect(await started.identify()).toEqual({
      protocol: "redfish",
      vendor: "Contoso",
      protocolVersion: "1.16.0",
      oem: [],
    });
  });

  test.each(["a-board", "A-BOARD", "B-1", "aaaa-bbbb"])("%s names one of them", async (system) => {
    const session = await (await start(twins)).open({ endpoint: { system } });
    expect(session.identity.systemId).toBe("a-board");
    await session.close();
  });

  test("a name that both have is SYSTEM_AMBIGUOUS, and so is one that none has", async () => {
    const started = await start(twins);
    await expect(started.open({ endpoint: { system: "System" } })).rejects.toMatchObject({ code: "SYSTEM_AMBIGUOUS" });
    await expect(started.open({ endpoint: { system: "nobody" } })).rejects.toMatchObject({ code: "SYSTEM_AMBIGUOUS" });
  });

  test("one named by its Id is read first, and alone", async () => {
    const started = await start(twins);
    const session = await started.open({ endpoint: { system: "s1" } });
    expect(started.asked()).not.toContain(`GET ${other}`);
    await session.close();
  });
});

describe("what can be meant, of several systems", () => {
  const other = "/redfish/v1/Systems/a-board";
  const withBoard = (board: Body) => (resources: Record<string, Body>) => {
    resources["/redfish/v1/Systems"] = { Members: [link(other), link(systemPath)] };
    resources[other] = { Id: "a-board", ...board };
    delete resources[systemPath]?.["VirtualMedia"];
  };

  test("is the one that can be reset where nothing takes media, as when it is switched off", async () => {
    const session = await (await start(withBoard({ Boot: {} }))).open();
    expect(session.identity.systemId).toBe("s1");
    await session.close();
  });

  test("is not one that cannot be read", async () => {
    const started = await start(withBoard({}));
    started.on("GET", other, () => refusal(500, "InternalError"));
    const session = await started.open();
    expect(session.identity.systemId).toBe("s1");
    await session.close();
  });

  test("is named with UUID and serial number where it is to be asked for", async () => {
    const reset = { "#ComputerSystem.Reset": { target: `${other}/Reset` } };
    const started = await start(withBoard({ Actions: reset, UUID: "AAAA-BBBB", SerialNumber: "B-1" }));
    await expect(started.open()).rejects.toMatchObject({
      code: "SYSTEM_AMBIGUOUS",
      context: { candidates: ["a-board (B-1, AAAA-BBBB)", "s1 (System, C1)"] },
    });
  });

  test("why the only one cannot be read is told", async () => {
    const started = await start();
    started.on("GET", systemPath, () => refusal(403, "InsufficientPrivilege"));
    await expect(started.open()).rejects.toMatchObject({ code: "BMC_AUTHENTICATION" });
  });
});

describe("a manager", () => {
  test.each(["Status", "Links"])("may have the link to its virtual media inside its %s", async (place) => {
    const started = await start((resources) => {
      delete resources[systemPath]?.["VirtualMedia"];
      resources[managerPath] = {
        ...resources[managerPath],
        [place]: { VirtualMedia: link(`${systemPath}/VirtualMedia`) },
      };
    });
    const session = await started.open();
    expect((await session.media?.slots())?.map(({ id }) => id)).toEqual(["cd0"]);
    await session.close();
  });

  test("that cannot be read is passed over where there is another", async () => {
    const started = await start((resources) => {
      Object.assign(resources[systemPath] ?? {}, {
        Links: { ManagedBy: [link("/redfish/v1/Managers/m0"), link(managerPath)] },
      });
    });
    started.on("GET", "/redfish/v1/Managers/m0", () => refusal(500, "InternalError"));
    const session = await started.open();
    expect(session.identity.firmwareVersion).toBe("7.1.0");
    await session.close();
  });

  test("with virtual media stands for the BMC, though it is not the first", async () => {
    const started = await start((resources) => {
      delete resources[systemPath]?.["VirtualMedia"];
      const managedBy = [link("/redfish/v1/Managers/m0"), link(managerPath)];
      Object.assign(resources[systemPath] ?? {}, { Links: { ManagedBy: managedBy } });
      resources["/redfish/v1/Managers/m0"] = { Id: "m0", Model: "Switch", FirmwareVersion: "0.1" };
      Object.assign(resources[managerPath] ?? {}, { VirtualMedia: link(`${systemPath}/VirtualMedia`) });
    });
    const session = await started.open();
    expect(session.identity).toMatchObject({ managerModel: "BMC 7", firmwareVersion: "7.1.0" });
    await session.close();
  });
});

test("a system without ManagedBy finds its manager by the manager's own link", async () => {
  const started = await start((resources) => {
    delete resources[systemPath]?.["Links"];
    resources["/redfish/v1/Managers"] = { Members: [link("/redfish/v1/Managers/m2"), link(managerPath)] };
    resources["/redfish/v1/Managers/m2"] = { Id: "m2", FirmwareVersion: "0" };
    Object.assign(resources[managerPath] ?? {}, { Links: { ManagerForServers: [link(`${systemPath}/`)] } });
  });
  const session = await started.open();
  expect(session.identity.firmwareVersion).toBe("7.1.0");
  await session.close();
});

test("what the service does not have, the session does not offer", async () => {
  const started = await start((resources) => {
    resources[systemPath] = { Id: "s1", Links: { ManagedBy: [link(managerPath)] } };
  });
  const session = await started.open();
  expect([session.media, session.boot, session.power]).toEqual([undefined, undefined, undefined]);
  await session.close();
});

describe("slots", () => {
  test("are the manager's where the system's collection is empty", async () => {
    const started = await start((resources) => {
      resources[`${systemPath}/VirtualMedia`] = { Members: [] };
      Object.assign(resources[managerPath] ?? {}, { VirtualMedia: link("/m-media") });
      resources["/m-media"] = { Members: [link(cdPath)] };
    });
    const session = await started.open();
    expect((await session.media?.slots())?.map(({ id }) => id)).toEqual(["cd0"]);
    await session.close();
  });

  test("that are listed but not served are left out", async () => {
    const started = await start((resources) => {
      resources[`${systemPath}/VirtualMedia`] = { Members: [link("/gone"), link(cdPath)] };
    });
    const session = await started.open();
    expect(await session.media?.slots()).toHaveLength(1);
    await session.close();
  });

  test.each([
    [{ Id: "CD1" }, ["CD", "DVD"]],
    [{ Id: "3", Name: "Virtual USB stick" }, ["USBStick"]],
    [{ Id: "1", Name: "Floppy" }, ["Floppy"]],
    [{ Id: "1", Name: "EXT1" }, []],
    [{ Id: "CD1", MediaTypes: ["usbstick"] }, ["USBStick"]],
  ])("%j has the media types %j", async (slot, mediaTypes) => {
    const started = await start((resources) => {
      const { MediaTypes: _left, ...rest } = resources[cdPath] ?? {};
      resources[cdPath] = { ...rest, ...slot };
    });
    const session = await started.open();
    expect((await session.media?.slots())?.[0]?.mediaTypes).toEqual(mediaTypes);
    await session.close();
  });

  test("of two managers that share an Id are told apart", async () => {
    const started = await start((resources) => {
      delete resources[systemPath]?.["VirtualMedia"];
      Object.assign(resources[systemPath] ?? {}, {
        Links: { ManagedBy: [link(managerPath), link("/redfish/v1/Managers/m2")] },
      });
      Object.assign(resources[managerPath] ?? {}, { VirtualMedia: link(`${managerPath}/VirtualMedia`) });
      resources["/redfish/v1/Managers/m2"] = { VirtualMedia: link("/redfish/v1/Managers/m2/VirtualMedia") };
      for (const manager of [managerPath, "/redfish/v1/Managers/m2"]) {
        resources[`${manager}/VirtualMedia`] = { Members: [link(`${manager}/VirtualMedia/1`)] };
        resources[`${manager}/VirtualMedia/1`] = { ...resources[cdPath], Id: "1" };
      }
    });
    const session = await started.open();
    expect((await session.media?.slots())?.map(({ id }) => id)).toEqual(["m1/1", "m2/1"]);
    expect((await session.media?.slot("m2/1"))?.id).toBe("m2/1");
    await session.close();
  });

  test("that a profile excludes, or that offer nothing, take no URL", async () => {
    const started = await start((resources) => {
      resources[`${systemPath}/VirtualMedia`] = { Members: [link(cdPath), link("/rdoc"), link("/proxy")] };
      resources["/rdoc"] = { ...resources[cdPath], Id: "RDOC1" };
      resources["/proxy"] = { Id: "Proxy", MediaTypes: ["CD"] };
    });
    obey(started);
    const session = await started.open({ quirks: { slots: { exclude: "^rdoc" } } });
    const slots = await session.media?.slots();
    expect(slots?.map(({ id, urlCapable }) => [id, urlCapable])).toEqual([
      ["cd0", true],
      ["RDOC1", false],
      ["Proxy", false],
    ]);
    for (const id of ["RDOC1", "Proxy"]) {
      await expect(session.media?.insert(id, medium)).rejects.toMatchObject({ code: "UNSUPPORTED_BY_BMC" });
    }
    await session.close();
  });
});

describe("$expand", () => {
  const expanding = (query: Body) => (resources: Record<string, Body>) => {
    Object.assign(resources[rootPath] ?? {}, { ProtocolFeaturesSupported: { ExpandQuery: query } });
  };

  test.each([
    [{ ExpandAll: true, NoLinks: true, Levels: true }, "*"],
    [{ NoLinks: true, Levels: true }, "."],
  ])("of a service that declares %j is %s", async (query, symbol) => {
    const started = await start(expanding(query));
    const path = `/redfish/v1/Systems?$expand=${symbol}($levels=1)`;
    started.on("GET", path, () => ({
      body: { Members: [{ "@odata.id": systemPath, ...started.resources[systemPath] }] },
    }));
    const session = await started.open();
    expect(started.asked()).toContain(`GET ${path}`);
    expect(started.asked()).not.toContain(`GET ${systemPath}`);
    await session.close();
  });

  test.each([
    ["refuses", () => refusal(501, "QueryNotSupported")],
    ["breaks over", () => ({ body: "{" })],
    ["ignores", () => ({ body: { Members: [link(systemPath)] } })],
  ])("that the service %s is not asked for again", async (_name, answer) => {
    const started = await start(expanding({ ExpandAll: true }));
    started.on("GET", "/redfish/v1/Systems?$expand=*($levels=1)", answer);
    const session = await started.open();
    expect(await session.media?.slots()).toHaveLength(1);
    expect(started.asked().filter((each) => each.includes("expand"))).toHaveLength(1);
    expect(started.asked()).toContain(`GET ${systemPath}`);
    const again = await started.open({ memory: session.memory() });
    await again.media?.slots({ fresh: true });
    expect(started.asked().filter((each) => each.includes("expand"))).toHaveLength(1);
    await again.close();
    await session.close();
  });

  test("pages are read to their end", async () => {
    const started = await start((resources) => {
      resources[`${systemPath}/VirtualMedia`] = { Members: [link(cdPath)], "Members@odata.nextLink": "/page-2" };
      resources["/page-2"] = { Members: [link("/usb0")] };
      resources["/usb0"] = { ...resources[cdPath], Id: "usb0" };
    });
    const session = await started.open();
    expect((await session.media?.slots())?.map(({ id }) => id)).toEqual(["cd0", "usb0"]);
    await session.close();
  });
});
