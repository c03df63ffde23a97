import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { BootOverride, DriverContext } from "../../../src/core/driver.ts";
import { type Body, managerPath, plainService, refusal, type ScriptedBmc, startScriptedBmc } from "./scripted-bmc.ts";

let bmc: ScriptedBmc;

const attributesPath = `${managerPath}/Attributes`;
const importPath = `${managerPath}/Actions/Oem/X_Manager.ImportSystemConfiguration`;
const jobPath = "/redfish/v1/TaskService/Tasks/J1";

beforeEach(async () => {
  const resources = plainService();
  Object.assign(resources[managerPath] ?? {}, {
    Actions: {
      "#Manager.Reset": { target: `${managerPath}/Actions/Manager.Reset` },
      Oem: {
        "#X_Manager.Other": { target: "/other" },
        "Odd.v1_2#X_Manager.ImportSystemConfiguration": { target: importPath },
      },
    },
  });
  resources[attributesPath] = { Attributes: { "Boot.1.First": "Normal", "Boot.1.Once": "Disabled" } };
  resources[jobPath] = { TaskState: "Completed", TaskStatus: "OK" };
  bmc = await startScriptedBmc(resources);
});

afterEach(() => bmc.close());

const attributes = { path: "{manager}/Attributes", target: "Boot.1.First", enabled: "Boot.1.Once" };
const targetFor = { CD: ["V-DVD"], USBStick: ["V-FDD"] };

const set = async (
  boot: object,
  wanted: BootOverride,
  more: { allow?: DriverContext["allow"]; errors?: object } = {},
) => {
  const { allow, errors = {} } = more;
  const quirks = { boot: { targetFor, clearTarget: "Normal", ...boot }, errors };
  const session = await bmc.open({ quirks, ...(allow === undefined ? {} : { allow }) });
  try {
    return await session.boot?.setOverride(wanted);
  } finally {
    await session.close();
  }
};

const once: BootOverride = { target: "V-DVD", enabled: "Once" };

describe("a boot override in attributes", () => {
  const recipe = { recipe: "attributes", attributes };

  beforeEach(() => {
    bmc.on("PATCH", attributesPath, ({ body }) => {
      const held = bmc.resources[attributesPath]?.["Attributes"] as Body;
      Object.assign(held, (body as Body)["Attributes"]);
      return { status: 200 };
    });
  });

  const sent = () => bmc.requests.filter(({ method }) => method === "PATCH").map(({ path, body }) => [path, body]);

  test("is set and read back in the profile's words", async () => {
    expect(await set(recipe, once)).toEqual(once);
    expect(sent()).toEqual([[attributesPath, { Attributes: { "Boot.1.First": "V-DVD", "Boot.1.Once": "Enabled" } }]]);
  });

  test("may last", async () => {
    const wanted: BootOverride = { target: "V-DVD", enabled: "Continuous" };
    expect(await set(recipe, wanted)).toEqual(wanted);
  });

  test("ends with the target that means none", async () => {
    await set(recipe, once);
    expect(await set(recipe, { target: "None", enabled: "Disabled" })).toEqual({ target: "None", enabled: "Disabled" });
    expect(sent().at(-1)).toEqual([
      attributesPath,
      { Attributes: { "Boot.1.First": "Normal", "Boot.1.Once": "Disabled" } },
    ]);
  });

  test("takes its targets from the profile, whatever the System allows", async () => {
    const session = await bmc.open({ quirks: { boot: { ...recipe, targetFor } } });
    expect(await session.boot?.targetFor("USBStick")).toBe("V-FDD");
    expect(await session.boot?.targets()).toEqual([]);
    await session.close();
  });

  test("that is refused is told", async () => {
    bmc.on("PATCH", attributesPath, () => refusal(400, "PropertyValueNotInList"));
    await expect(set(recipe, once)).rejects.toMatchObject({ code: "UNSUPPORTED_BY_BMC" });
  });
});

describe("a boot override by importing configuration", () => {
  const scpImport = {
    body: {
      Share: { Target: "ALL" },
      Buffer:
        '<Configuration>\n  <Item Name="First">{target}</Item>\n  <Item Name="Once">{enabled}</Item>\n</Configuration>\n',
    },
    pending: { times: 2, delayMs: 15_000 },
  };
  const recipe = { recipe: "scpImport", scpImport };
  const imports = () => bmc.requests.filter(({ path }) => path === importPath).map(({ body }) => body as Body);
  const accept = () => bmc.on("POST", importPath, () => ({ status: 202, headers: { location: jobPath } }));

  test("finds the action by its end, sends no white space between tags, and waits for the job", async () => {
    accept();
    let polls = 0;
    bmc.on("GET", jobPath, () => {
      polls += 1;
      return { body: { TaskState: polls < 3 ? "Running" : "Completed" } };
    });
    expect(await set(recipe, once)).toEqual(once);
    expect(imports()).toEqual([
      {
        Share: { Target: "ALL" },
        Buffer: '<Configuration><Item Name="First">V-DVD</Item><Item Name="Once">Enabled</Item></Configuration>',
      },
    ]);
    expect(polls).toBe(3);
  });

  test("is answered as the attributes show it, where there are some", async () => {
    accept();
    const shown = await set({ ...recipe, attributes }, once);
    expect(shown).toEqual({ target: "None", enabled: "Disabled" });
  });

  test("lets no text out of its place", async () => {
    accept();
    await set(
      { ...recipe, enabledValues: { Once: '"On"' } },
      { target: "</Item><Item Name='Evil'>&", enabled: "Once" },
    );
    const { Buffer } = imports()[0] ?? {};
    expect(Buffer).toContain("&lt;/Item&gt;&lt;Item Name=&apos;Evil&apos;&gt;&amp;");
    expect(Buffer).toContain("&quot;On&quot;");
  });

  const broken = { MessageId: "Oem.1.0.Broken", Message: "Import failed." };

  test.each([[[broken]], [broken]])("fails as its job does, with the words of %j", async (messages) => {
    accept();
    bmc.resources[jobPath] = { TaskState: "Exception", Messages: messages };
    await expect(set(recipe, once)).rejects.toMatchObject({
      code: "BMC_REJECTED",
      context: { bmcText: "Import failed." },
    });
  });

  test("is UNSUPPORTED_BY_BMC where no manager has the action", async () => {
    delete bmc.resources[managerPath]?.["Actions"];
    await expect(set(recipe, once)).rejects.toMatchObject({ code: "UNSUPPORTED_BY_BMC" });
  });

  describe("while other configuration is pending", () => {
    const errors = { list: [{ match: { id: "Pending" }, code: "BMC_BUSY", action: "retry" }] };
    const pending = (times: number) => {
      let left = times;
      bmc.on("POST", importPath, () => {
        left -= 1;
        return left >= 0 ? refusal(503, "Oem.1.0.Pending") : { status: 202, headers: { location: jobPath } };
      });
    };
    const waits = () => bmc.clock.slept.filter((ms) => ms === 15_000);

    test("is tried again", async () => {
      pending(2);
      expect(await set(recipe, once, { errors })).toEqual(once);
      expect(waits()).toHaveLength(2);
    });

    test("fails in the end", async () => {
      pending(99);
      await expect(set({ ...recipe, onPost: { times: 0 } }, once, { errors })).rejects.toMatchObject({
        code: "BMC_BUSY",
      });
      expect(imports()).toHaveLength(3);
    });

    const rebooting = {
      recipe: "scpImport",
      scpImport: { ...scpImport, reboot: { Shutdown: "Forced" } },
      onPost: { times: 0 },
    };

    test("reboots the host for it only where the operator allows that", async () => {
      pending(99);
      await expect(set(rebooting, once, { errors })).rejects.toMatchObject({
        code: "BMC_BUSY",
        hint: expect.stringMatching(/policy\.destructive.*scpReboot/),
      });
      expect(imports().filter((body) => "Shutdown" in body)).toEqual([]);
    });

    test("reboots the host for it where the operator does", async () => {
      pending(3);
      expect(await set(rebooting, once, { errors, allow: new Set(["scpReboot"]) })).toEqual(once);
      expect(imports().map((body) => body["Shutdown"])).toEqual([undefined, undefined, undefined, "Forced"]);
    });
  });
});
