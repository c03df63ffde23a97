import { afterEach, describe, expect, test } from "vitest";
import { type Body, plainService, refusal, type ScriptedBmc, startScriptedBmc, systemPath } from "./scripted-bmc.ts";

let bmc: ScriptedBmc | undefined;

afterEach(async () => bmc?.close());

/** Takes every PATCH of Boot on this path. */
const takeBoot = (started: ScriptedBmc, path: string): void =>
  started.on("PATCH", path, ({ body }) => {
    const resource = started.resources[path] ?? {};
    resource["Boot"] = { ...(resource["Boot"] as Body), ...((body as Body)["Boot"] as Body) };
    return { status: 200, body: resource };
  });

const start = async (system: Body = {}): Promise<ScriptedBmc> => {
  const resources = plainService();
  resources[systemPath] = { ...resources[systemPath], ...system };
  bmc = await startScriptedBmc(resources);
  takeBoot(bmc, systemPath);
  return bmc;
};

const patches = (started: ScriptedBmc): readonly [string, unknown][] =>
  started.requests.filter(({ method }) => method === "PATCH").map(({ path, body }) => [path, (body as Body)["Boot"]]);

const setOnce = async (started: ScriptedBmc, quirks: Readonly<Record<string, unknown>> = {}) => {
  const session = await started.open({ quirks });
  try {
    return await session.boot?.setOverride({ target: "Cd", enabled: "Once" });
  } finally {
    await session.close();
  }
};

const once = { BootSourceOverrideTarget: "Cd", BootSourceOverrideEnabled: "Once" };

test("only target and enabled are sent, and what the read-back shows is answered", async () => {
  const started = await start();
  expect(await setOnce(started)).toEqual({ target: "Cd", enabled: "Once", mode: "UEFI" });
  expect(patches(started)).toEqual([[systemPath, once]]);
});

test("a profile may want all fields, always", async () => {
  const started = await start();
  await setOnce(started, { boot: { fields: "full" } });
  expect(patches(started)).toEqual([[systemPath, { ...once, BootSourceOverrideMode: "UEFI" }]]);
});

test("a mode that is not writable is left out", async () => {
  const started = await start();
  started.on("PATCH", systemPath, ({ body }) => {
    const boot = (body as Body)["Boot"] as Body;
    if ("BootSourceOverrideMode" in boot) return refusal(400, "PropertyNotWritable", ["BootSourceOverrideMode"]);
    Object.assign(started.resources[systemPath]?.["Boot"] as Body, boot);
    return { status: 204 };
  });
  const session = await started.open();
  const wanted = { target: "Cd", enabled: "Once", mode: "Legacy" } as const;
  expect(await session.boot?.setOverride(wanted)).toEqual({ target: "Cd", enabled: "Once", mode: "UEFI" });
  await session.close();
});

test("a target that is not writable is no success", async () => {
  const started = await start();
  started.on("PATCH", systemPath, () => refusal(400, "PropertyNotWritable", ["BootSourceOverrideTarget"]));
  await expect(setOnce(started)).rejects.toMatchObject({ code: "BMC_REJECTED" });
  expect(patches(started)).toHaveLength(1);
});

describe("clearing", () => {
  test.each([
    [{}, { BootSourceOverrideEnabled: "Disabled" }],
    [{ clearTarget: "Hdd" }, { BootSourceOverrideTarget: "Hdd", BootSourceOverrideEnabled: "Disabled" }],
  ])("with %j sends %j", async (boot, sent) => {
    const started = await start();
    const session = await started.open({ quirks: { boot } });
    expect(await session.boot?.setOverride({ target: "None", enabled: "Disabled" })).toMatchObject({
      enabled: "Disabled",
    });
    await session.close();
    expect(patches(started)).toEqual([[systemPath, sent]]);
  });
});

describe("a Settings object", () => {
  const settingsPath = `${systemPath}/SD`;
  const withSettings = async (settings: Body, boot: Body = {}): Promise<ScriptedBmc> => {
    const started = await start({ "@Redfish.Settings": { SettingsObject: { "@odata.id": settingsPath } }, Boot: boot });
    started.resources[settingsPath] = structuredClone(settings);
    takeBoot(started, settingsPath);
    return started;
  };
  const holding = { Boot: { "BootSourceOverrideTarget@Redfish.AllowableValues": ["Cd", "Hdd"] } };

  test("that holds Boot is patched and read, and its targets count", async () => {
    const started = await withSettings(holding);
    const session = await started.open();
    expect(await session.boot?.targets()).toEqual(["Cd", "Hdd"]);
    expect(await session.boot?.setOverride({ target: "Cd", enabled: "Once" })).toEqual({
      target: "Cd",
      enabled: "Once",
    });
    expect(patches(started)).toEqual([[settingsPath, once]]);
    const again = await started.open({ memory: session.memory() });
    const before = started.requests.length;
    await again.boot?.setOverride({ target: "Cd", enabled: "Once" });
    expect(started.requests).toHaveLength(before + 2);
    await again.close();
    await session.close();
  });

  test.each([{ Bios: {} }, { Boot: { BootOrder: ["Boot0001"] } }])(
    "that holds %j and no override is left alone",
    async (settings) => {
      const started = await withSettings(settings);
      await setOnce(started);
      expect(patches(started)).toEqual([[systemPath, once]]);
    },
  );

  test("gets no mode where it holds none", async () => {
    const started = await withSettings(holding, { BootSourceOverrideMode: "UEFI" });
    const session = await started.open();
    await session.boot?.setOverride({ target: "Cd", enabled: "Once", mode: "UEFI" });
    await session.close();
    expect(patches(started)).toEqual([[settingsPath, once]]);
  });

  test("that shows nothing of what it took is believed when the System shows it", async () => {
    const started = await withSettings(holding);
    started.on("PATCH", settingsPath, ({ body }) => {
      Object.assign(started.resources[systemPath] ?? {}, body as Body);
      return { status: 204 };
    });
    expect(await setOnce(started)).toEqual({ target: "Cd", enabled: "Once" });
  });

  test("is looked for again where the profile has changed its mind", async () => {
    const started = await withSettings(holding);
    const first = await started.open();
    await first.boot?.targets();
    const memory = first.memory();
    await first.close();
    const session = await started.open({ memory, quirks: { boot: { resource: "system" } } });
    await session.boot?.setOverride({ target: "Cd", enabled: "Once" });
    await session.close();
    expect(patches(started)).toEqual([[systemPath, once]]);
  });

  test("is not even read where the profile knows that the System is right", async () => {
    const started = await withSettings(holding);
    await setOnce(started, { boot: { resource: "system" } });
    expect(started.asked()).not.toContain(`GET ${settingsPath}`);
  });
});

describe("a resource beside the System that nothing links", () => {
  const besidePath = `${systemPath}/Settings`;

  test("is where a profile says so, for its targets, too", async () => {
    const started = await start({ Boot: {} });
    started.resources[besidePath] = { Boot: { "BootSourceOverrideTarget@Redfish.AllowableValues": ["UsbCd"] } };
    takeBoot(started, besidePath);
    const session = await started.open({ quirks: { boot: { resource: "suffix", suffix: "/Settings" } } });
    expect(await session.boot?.targetFor("CD")).toBe("UsbCd");
    expect(await session.boot?.setOverride({ target: "UsbCd", enabled: "Once" })).toMatchObject({ target: "UsbCd" });
    await session.close();
    expect(patches(started)).toEqual([[besidePath, { ...once, BootSourceOverrideTarget: "UsbCd" }]]);
  });

  test("may be all there is of the boot", async () => {
    const started = await start();
    delete started.resources[systemPath]?.["Boot"];
    const without = await started.open();
    expect(without.boot).toBeUndefined();
    await without.close();
    const session = await started.open({ quirks: { boot: { resource: "suffix", suffix: "/Settings" } } });
    expect(session.boot).toBeDefined();
    await session.close();
  });
});

describe("a mode that is reset by setting a target", () => {
  const resetting = async (): Promise<ScriptedBmc> => {
    const started = await start();
    started.on("PATCH", systemPath, ({ body }) => {
      const wanted = (body as Body)["Boot"] as Body;
      const mode = "BootSourceOverrideTarget" in wanted ? { BootSourceOverrideMode: "Legacy" } : {};
      Object.assign(started.resources[systemPath]?.["Boot"] as Body, wanted, mode);
      return { status: 204 };
    });
    return started;
  };

  test("is sent again by itself where the profile knows of it", async () => {
    const started = await resetting();
    expect(await setOnce(started, { boot: { resyncMode: true } })).toEqual({
      target: "Cd",
      enabled: "Once",
      mode: "UEFI",
    });
    expect(patches(started)).toEqual([
      [systemPath, once],
      [systemPath, { BootSourceOverrideMode: "UEFI" }],
    ]);
  });

  test("else stays reset, and that is answered", async () => {
    expect(await setOnce(await resetting())).toMatchObject({ mode: "Legacy" });
  });

  test("is not sent again where it stayed", async () => {
    const started = await start();
    await setOnce(started, { boot: { resyncMode: true } });
    expect(patches(started)).toEqual([[systemPath, once]]);
  });
});

test("the time is left out beside UefiTarget where the profile says so", async () => {
  const started = await start();
  const session = await started.open({ quirks: { boot: { dropWithUefiTarget: true } } });
  await session.boot?.setOverride({ target: "UefiTarget", enabled: "Once" });
  await session.boot?.setOverride({ target: "Cd", enabled: "Once" });
  await session.close();
  expect(patches(started)).toEqual([
    [systemPath, { BootSourceOverrideTarget: "UefiTarget" }],
    [systemPath, once],
  ]);
});

describe("Continuous", () => {
  const set = async (started: ScriptedBmc, quirks: Readonly<Record<string, unknown>> = {}) => {
    const session = await started.open({ quirks });
    try {
      return await session.boot?.setOverride({ target: "Cd", enabled: "Continuous" });
    } finally {
      await session.close();
    }
  };

  test("that is refused becomes Once", async () => {
    const started = await start();
    started.on("PATCH", systemPath, ({ body }) => {
      const wanted = (body as Body)["Boot"] as Body;
      if (wanted["BootSourceOverrideEnabled"] === "Continuous") return refusal(400, "PropertyValueNotInList");
      Object.assign(started.resources[systemPath]?.["Boot"] as Body, wanted);
      return { status: 204 };
    });
    expect(await set(started)).toMatchObject({ target: "Cd", enabled: "Once" });
  });

  test("is not even tried where the profile knows", async () => {
    const started = await start();
    expect(await set(started, { boot: { continuous: "once" } })).toMatchObject({ enabled: "Once" });
    expect(patches(started)).toEqual([[systemPath, once]]);
  });

  test("that is refused as Once is, too, fails with what was said of it", async () => {
    const started = await start();
    started.on("PATCH", systemPath, ({ body }) =>
      refusal(400, "GeneralError", [], String(((body as Body)["Boot"] as Body)["BootSourceOverrideEnabled"])),
    );
    await expect(set(started)).rejects.toMatchObject({ context: { bmcText: "Continuous" } });
  });
});

test("whether an override must be armed again is the profile's to say", async () => {
  const started = await start();
  for (const [quirks, rearm] of [
    [{}, false],
    [{ boot: { once: "rearm" } }, true],
  ] as const) {
    const session = await started.open({ quirks });
    expect(session.boot?.rearm).toBe(rearm);
    await session.close();
  }
});

describe("a refusal during POST", () => {
  const errors = { list: [{ match: { id: "InPost" }, code: "BMC_BUSY", action: "retry" }] };
  const inPost = async (times: number): Promise<ScriptedBmc> => {
    const started = await start();
    let left = times;
    started.on("PATCH", systemPath, ({ body }) => {
      left -= 1;
      if (left >= 0) return refusal(400, "Oem.1.0.InPost");
      Object.assign(started.resources[systemPath]?.["Boot"] as Body, (body as Body)["Boot"]);
      return { status: 204 };
    });
    return started;
  };

  test("is waited out as often as the profile says", async () => {
    const started = await inPost(2);
    const boot = { onPost: { times: 2, delayMs: 9000 } };
    expect(await setOnce(started, { errors, boot })).toMatchObject({ enabled: "Once" });
    expect(started.clock.slept).toEqual([9000, 9000]);
  });

  test("fails after that, and at once where nothing says that it passes", async () => {
    const started = await inPost(9);
    await expect(setOnce(started, { errors, boot: { onPost: { times: 2 } } })).rejects.toMatchObject({
      code: "BMC_BUSY",
    });
    await expect(setOnce(started)).rejects.toMatchObject({ code: "BMC_REJECTED" });
    expect(patches(started)).toHaveLength(4);
  });

  test("may be known by its status", async () => {
    const started = await inPost(1);
    expect(await setOnce(started, { boot: { onPost: { on: [400] } } })).toMatchObject({ enabled: "Once" });
  });
});

test("a read-back that comes late is waited for as long as the profile says", async () => {
  const started = await start();
  let looks = 0;
  const shown = { BootSourceOverrideTarget: "Cd", BootSourceOverrideEnabled: "Once" };
  started.on("PATCH", systemPath, () => {
    started.on("GET", systemPath, () => {
      looks += 1;
      return { body: { ...started.resources[systemPath], ...(looks > 2 ? { Boot: shown } : {}) } };
    });
    return { status: 204 };
  });
  expect(await setOnce(started, { boot: { readBack: { times: 2, delayMs: 1500 } } })).toMatchObject({ target: "Cd" });
  expect(started.clock.slept).toEqual([1500, 1500]);
});

describe("the target for a medium", () => {
  const allow = (targets: readonly string[]): Body => ({
    Boot: { "BootSourceOverrideTarget@Redfish.AllowableValues": targets },
  });

  test.each([
    [["None", "Cd", "Usb"], "CD", "Cd"],
    [["UsbCd"], "DVD", "UsbCd"],
    [["Hdd", "CD/DVD"], "CD", "CD/DVD"],
    [["USB", "CD"], "CD", "CD"],
    [["Cd", "Usb"], "Floppy", "Usb"],
    [["Cd", "Usb"], "USBStick", "Usb"],
    [[], "USBStick", "Usb"],
  ] as const)("of %j for a %s is %s", async (targets, mediaType, target) => {
    const session = await (await start(allow(targets))).open();
    expect(await session.boot?.targetFor(mediaType)).toBe(target);
    await session.close();
  });

  test("may be another by profile, and is UNSUPPORTED_BY_BMC where none is allowed", async () => {
    const started = await start(allow(["Cd", "CD/DVD"]));
    const session = await started.open({ quirks: { boot: { targetFor: { CD: ["CD/DVD", "Cd"] } } } });
    expect(await session.boot?.targetFor("CD")).toBe("CD/DVD");
    await expect(session.boot?.targetFor("USBStick")).rejects.toMatchObject({ code: "UNSUPPORTED_BY_BMC" });
    await session.close();
  });
});

test("a refused value is told as unsupported, with the BMC's words", async () => {
  const started = await start();
  started.on("PATCH", systemPath, () => refusal(400, "PropertyValueNotInList", ["Cd", "Target"], "No Cd here."));
  await expect(setOnce(started)).rejects.toMatchObject({
    code: "UNSUPPORTED_BY_BMC",
    context: { bmcText: "No Cd here." },
  });
});

describe("If-Match", () => {
  const tagsOf = (started: ScriptedBmc) =>
    started.requests.filter(({ method }) => method === "PATCH").map(({ headers }) => headers["if-match"]);

  test.each([
    ["auto", '"header"'],
    ["body", '"body"'],
    ["star", "*"],
    ["none", undefined],
  ])("by the quirk %s is %s", async (etag, tag) => {
    const started = await start({ "@odata.etag": '"body"' });
    started.on("GET", systemPath, () => ({ headers: { etag: '"header"' }, body: started.resources[systemPath] ?? {} }));
    await setOnce(started, { http: { etag } });
    expect(tagsOf(started)).toEqual([tag]);
  });

  test("goes with every try of a negotiation", async () => {
    const started = await start({ "@odata.etag": '"7"' });
    started.on("PATCH", systemPath, ({ body }) =>
      "BootSourceOverrideMode" in ((body as Body)["Boot"] as Body)
        ? refusal(400, "PropertyNotWritable", ["BootSourceOverrideMode"])
        : { status: 204 },
    );
    const session = await started.open();
    await session.boot?.setOverride({ target: "Cd", enabled: "Once", mode: "UEFI" });
    await session.close();
    expect(tagsOf(started)).toEqual(['"7"', '"7"']);
  });

  test("an empty entity tag counts for nothing", async () => {
    const started = await start({ "@odata.etag": '""' });
    await setOnce(started);
    expect(tagsOf(started)).toEqual([undefined]);
  });

  test("demanded by the service is fetched, and from then on before it is missed", async () => {
    const started = await start();
    const first = await started.open();
    const memory = first.memory();
    await first.close();
    started.on("GET", systemPath, () => ({ headers: { etag: '"9"' }, body: started.resources[systemPath] ?? {} }));
    started.on("PATCH", systemPath, ({ headers }) =>
      headers["if-match"] === '"9"' ? { status: 204 } : refusal(428, "PreconditionRequired"),
    );
    const session = await started.open({ memory });
    await session.boot?.setOverride({ target: "Cd", enabled: "Once" });
    expect(tagsOf(started)).toEqual([undefined, '"9"']);
    const learnt = session.memory();
    await session.close();

    const next = await started.open({ memory: learnt });
    await next.boot?.setOverride({ target: "Cd", enabled: "Once" });
    expect(tagsOf(started)).toEqual([undefined, '"9"', '"9"']);
    await next.close();
  });
});
