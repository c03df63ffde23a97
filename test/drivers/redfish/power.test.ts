import { afterEach, describe, expect, test } from "vitest";
import type { ResetType } from "../../../src/core/vocabulary.ts";
import { type Answer, plainService, refusal, type ScriptedBmc, startScriptedBmc, systemPath } from "./scripted-bmc.ts";

let bmc: ScriptedBmc | undefined;

afterEach(async () => bmc?.close());

const resetPath = `${systemPath}/Actions/ComputerSystem.Reset`;

const start = async (answer: Answer = { status: 204 }): Promise<ScriptedBmc> => {
  bmc = await startScriptedBmc(plainService());
  bmc.on("POST", resetPath, () => answer);
  return bmc;
};

const reset = async (started: ScriptedBmc, type: ResetType): Promise<void> => {
  const session = await started.open();
  try {
    await session.power?.reset(type);
  } finally {
    await session.close();
  }
};

const posts = (started: ScriptedBmc): readonly unknown[] =>
  started.requests.filter(({ method }) => method === "POST").map(({ body }) => body);

test("a reset is one POST of its type", async () => {
  const started = await start();
  await reset(started, "ForceRestart");
  expect(posts(started)).toEqual([{ ResetType: "ForceRestart" }]);
});

test("a type that the BMC does not offer is refused here", async () => {
  const started = await start();
  await expect(reset(started, "Nmi")).rejects.toMatchObject({ code: "UNSUPPORTED_BY_BMC" });
  expect(posts(started)).toEqual([]);
});

test("types that are listed only in ActionInfo are read there, once", async () => {
  const started = await start();
  Object.assign(started.resources[systemPath] ?? {}, {
    Actions: { "#ComputerSystem.Reset": { target: resetPath, "@Redfish.ActionInfo": "/info" } },
  });
  started.resources["/info"] = { Parameters: [{ Name: "ResetType", AllowableValues: ["On", "ForceOff", "Oem"] }] };
  const session = await started.open();
  expect(await session.power?.resetTypes()).toEqual(["On", "ForceOff"]);
  await expect(session.power?.reset("ForceRestart")).rejects.toMatchObject({ code: "UNSUPPORTED_BY_BMC" });
  expect(started.asked().filter((each) => each === "GET /info")).toHaveLength(1);
  await session.close();
});

describe("a reply that is lost or bad", () => {
  test.each<[string, Answer]>([
    ["lost", { reset: true }],
    ["a refusal", refusal(409, "ActionParameterValueConflict")],
  ])("(%s) does not matter where the machine is as wanted", async (_name, answer) => {
    const started = await start(answer);
    Object.assign(started.resources[systemPath] ?? {}, { PowerState: "On" });
    await reset(started, "On");
    expect(posts(started)).toHaveLength(1);
  });

  test("fails where it is not, and is never repeated blindly", async () => {
    const started = await start({ reset: true });
    await expect(reset(started, "On")).rejects.toMatchObject({ code: "BMC_UNREACHABLE" });
    await expect(reset(started, "ForceRestart")).rejects.toMatchObject({ code: "BMC_UNREACHABLE" });
    expect(posts(started)).toHaveLength(2);
  });
});

test("a state that the specification does not know is Unknown", async () => {
  const started = await start();
  Object.assign(started.resources[systemPath] ?? {}, { PowerState: "Reset" });
  const session = await started.open();
  expect(await session.power?.state()).toBe("Unknown");
  await session.close();
});
