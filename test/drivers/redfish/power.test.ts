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

describe("a power-on that gets 409", () => {
  const conflicting = async (times: number): Promise<ScriptedBmc> => {
    const started = await start();
    let left = times;
    started.on("POST", resetPath, () => {
      left -= 1;
      return left >= 0 ? refusal(409, "ActionParameterValueConflict") : { status: 204 };
    });
    return started;
  };
  const on = async (started: ScriptedBmc, type: ResetType, power: object): Promise<void> => {
    const session = await started.open({ quirks: { power } });
    try {
      await session.power?.reset(type);
    } finally {
      await session.close();
    }
  };

  test("is tried again as long as the profile says", async () => {
    const started = await conflicting(3);
    await on(started, "On", { conflictRetryMs: 60_000 });
    expect(started.clock.slept).toEqual([2000, 2000, 2000]);
  });

  test("fails after that, and else at once", async () => {
    const started = await conflicting(99);
    await expect(on(started, "On", { conflictRetryMs: 3000 })).rejects.toMatchObject({ code: "BMC_BUSY" });
    await expect(on(started, "On", {})).rejects.toMatchObject({ code: "BMC_BUSY" });
    await expect(on(started, "ForceRestart", { conflictRetryMs: 3000 })).rejects.toMatchObject({ code: "BMC_BUSY" });
    expect(posts(started)).toHaveLength(5);
  });
});

test("a power-on that is refused for another reason is not tried again", async () => {
  const started = await start(refusal(400, "GeneralError"));
  const session = await started.open({ quirks: { power: { conflictRetryMs: 60_000 } } });
  await expect(session.power?.reset("On")).rejects.toMatchObject({ code: "BMC_REJECTED" });
  await session.close();
  expect(posts(started)).toHaveLength(1);
});

test("a profile may want time between what was inserted and the power-on", async () => {
  const started = await start();
  const session = await started.open({ quirks: { power: { settleBeforeOnMs: 10_000 } } });
  await session.power?.reset("ForceOff");
  await session.power?.reset("On");
  await session.close();
  expect(started.clock.slept).toEqual([10_000]);
});

describe("a state that cannot be read", () => {
  const failing = async (times: number, status: number): Promise<ScriptedBmc> => {
    const started = await start();
    let left = times + 1;
    started.on("GET", systemPath, () => {
      left -= 1;
      const { resources } = started;
      return left < times && left >= 0 ? refusal(status, "InternalError") : { body: resources[systemPath] ?? {} };
    });
    return started;
  };
  const stateOf = async (started: ScriptedBmc, power: object) => {
    const session = await started.open({ quirks: { power } });
    try {
      return await session.power?.state();
    } finally {
      await session.close();
    }
  };

  test("for a while is asked for again", async () => {
    const started = await failing(4, 500);
    expect(await stateOf(started, {})).toBe("Off");
    expect(started.clock.slept).toEqual([1000, 1000, 1000, 1000]);
  });

  test("for longer than the profile allows is told", async () => {
    const started = await failing(4, 500);
    await expect(stateOf(started, { pollThrough5xxMs: 2000 })).rejects.toMatchObject({ context: { status: 500 } });
  });

  test("for another reason is told at once", async () => {
    const started = await failing(1, 403);
    await expect(stateOf(started, {})).rejects.toMatchObject({ code: "BMC_AUTHENTICATION" });
    expect(started.clock.slept).toEqual([]);
  });
});

test.each([
  ["On", "PoweringOn"],
  ["ForceOff", "PoweringOff"],
] as const)("a refused %s of a machine that is %s already is no failure", async (type, state) => {
  const started = await start(refusal(400, "GeneralError", [], "Already so."));
  Object.assign(started.resources[systemPath] ?? {}, { PowerState: state });
  await reset(started, type);
  expect(posts(started)).toHaveLength(1);
});

test("a state that the specification does not know is Unknown", async () => {
  const started = await start();
  Object.assign(started.resources[systemPath] ?? {}, { PowerState: "Reset" });
  const session = await started.open();
  expect(await session.power?.state()).toBe("Unknown");
  await session.close();
});
