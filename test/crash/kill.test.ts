// kill -9 at every commit of attach, replace and detach, before it and after it: whatever is lost, the next start makes it right.
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Origin, startOrigin } from "../../src/simulators/origin.ts";
import {
  type PersonalityOverrides,
  type RedfishSimulator,
  startRedfishSimulator,
} from "../../src/simulators/redfish/index.ts";
import { freePort } from "../tools/free-port.ts";
import type { Fact, Orders } from "../tools/gateway-process.ts";
import { tinyIso } from "../tools/tiny-images.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** At least so many commits must have been counted, else the test has lost its points. */
const leastPoints = 12;

const other = tinyIso({ label: "config-2", content: Buffer.from("another drive") });
const digestOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

let origin: Origin;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mediabay-crash-"));
  origin = await startOrigin({
    files: { "config-2.iso": await readFile(here("../../fixtures/configdrive/config-2.iso")), "other.iso": other },
  });
});

afterAll(async () => {
  await origin.close();
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  readonly facts: Fact;
  /** Undefined when it lived to tell. */
  readonly signal: NodeJS.Signals | null;
}

interface Life extends Ended {
  readonly child: ChildProcess;
  end(): Promise<void>;
}

/** Lives until it has told all its facts, or dies on the way. */
const live = async (orders: Orders): Promise<Life> => {
  const child = spawn(process.execPath, [here("../tools/gateway-process.ts")], {
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, "compiled"), ORDERS: JSON.stringify(orders) },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.once("exit", (code, signal) => {
      if (code === null || code === 0) resolve(signal);
      else reject(new Error(`the gateway process ended with exit code ${code}`));
    });
  });
  let facts: Fact = {};
  const told = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      facts = { ...facts, ...(JSON.parse(line) as Fact) };
      if (facts.ready !== undefined) return;
    }
  })();
  await told;
  const end = async (): Promise<void> => {
    child.stdin.end();
    await exited;
  };
  const signal = facts.ready === undefined ? await exited : null;
  return { child, facts, signal, end };
};

interface Scene {
  readonly bmc: RedfishSimulator;
  readonly orders: Omit<Orders, "actions">;
}

let scenes = 0;

const withScene = async (overrides: PersonalityOverrides, play: (scene: Scene) => Promise<void>): Promise<void> => {
  const bmc = await startRedfishSimulator({ overrides });
  scenes += 1;
  const stateDir = join(folder, `scene-${scenes}`);
  try {
    const { username, password } = bmc.credentials;
    await play({
      bmc,
      orders: {
        stateDir,
        imagePort: await freePort(),
        vendorsDir: here("../../vendors"),
        bmc: { url: bmc.url, username, password },
        imageUrl: origin.urlOf("config-2.iso"),
        otherUrl: origin.urlOf("other.iso"),
      },
    });
  } finally {
    await bmc.close();
    await rm(stateDir, { recursive: true, force: true });
  }
};

const stored = async (
  stateDir: string,
): Promise<{ files: number; keys: number; holds: number; publications: number; sessions: number }> => {
  const database = new DatabaseSync(join(stateDir, "mediabay.db"), { readOnly: true });
  const count = (sql: string): number => Number(Object.values(database.prepare(sql).get() ?? { n: Number.NaN })[0]);
  try {
    return {
      files: (await readdir(join(stateDir, "images"))).length,
      keys: count("select count(*) from image_keys"),
      holds: count("select count(*) from image_holds"),
      publications: count("select count(*) from publications where withdrawn_at is null"),
      sessions: count("select count(*) from secrets where name = 'open-session'"),
    };
  } finally {
    database.close();
  }
};

const assertAttached = async ({ bmc, orders }: Scene, facts: Fact): Promise<void> => {
  expect(facts.operations?.map(({ state, error }) => error ?? state)).toEqual(["succeeded"]);
  expect(facts.attachments?.map(({ state }) => state)).toEqual(["attached"]);
  expect(bmc.effectiveInserts()).toBe(1);
  const full = bmc.slots().filter(({ inserted }) => inserted);
  expect(full).toHaveLength(1);
  const answer = await fetch(full[0]?.image ?? "", { method: "HEAD" });
  expect(answer.status).toBe(200);
  expect(bmc.boot()).toMatchObject({ target: "Cd", enabled: "Once" });
  await expect.poll(() => bmc.sessions()).toBe(0);
  await expect
    .poll(() => stored(orders.stateDir))
    .toEqual({ files: 1, keys: 1, holds: 1, publications: 1, sessions: 0 });
};

/** Whatever came of it: what the attachment says is what the machine has, and nothing else is left. */
const assertOneMedium = async ({ bmc, orders }: Scene, facts: Fact): Promise<void> => {
  expect(facts.attachments?.map(({ state }) => state)).toEqual(["attached"]);
  const full = bmc.slots().filter(({ inserted }) => inserted);
  expect(full).toHaveLength(1);
  const answer = await fetch(full[0]?.image ?? "");
  expect(digestOf(Buffer.from(await answer.arrayBuffer()))).toBe(facts.attachments?.[0]?.digest);
  await expect.poll(() => bmc.sessions()).toBe(0);
  await expect
    .poll(() => stored(orders.stateDir))
    .toEqual({ files: 1, keys: 1, holds: 1, publications: 1, sessions: 0 });
};

const assertReplaced = async (scene: Scene, facts: Fact): Promise<void> => {
  expect(facts.operations?.map(({ state, error }) => error ?? state)).toEqual(["succeeded", "succeeded"]);
  expect(facts.attachments?.map(({ digest }) => digest)).toEqual([digestOf(other)]);
  expect(scene.bmc.effectiveInserts()).toBe(2);
  await assertOneMedium(scene, facts);
};

const assertDetached = async ({ bmc, orders }: Scene, facts: Fact): Promise<void> => {
  expect(facts.attachments?.map(({ state }) => state)).toEqual(["detached"]);
  expect(facts.operations?.filter(({ state }) => state !== "succeeded")).toEqual([]);
  expect(bmc.slots().filter(({ inserted }) => inserted)).toEqual([]);
  expect(bmc.effectiveInserts()).toBe(1);
  expect(bmc.boot().enabled).toBe("Disabled");
  await expect.poll(() => bmc.sessions()).toBe(0);
  await expect
    .poll(() => stored(orders.stateDir))
    .toEqual({ files: 0, keys: 0, holds: 0, publications: 0, sessions: 0 });
};

/** The crash, the next start, and the client that repeats its call because it never had an answer. */
const crashAndRecover = async (
  { overrides, actions, judge, prepare }: Case,
  die: NonNullable<Orders["die"]>,
): Promise<boolean> => {
  let died = false;
  await withScene(overrides, async (scene) => {
    prepare?.(scene.bmc);
    const first = await live({ ...scene.orders, actions, die });
    died = first.signal === "SIGKILL";
    if (!died) return first.end();
    const last = actions.at(-1);
    const second = await live({ ...scene.orders, actions: ["settle", ...(last === undefined ? [] : [last])] });
    try {
      await judge(scene, second.facts);
    } finally {
      await second.end();
    }
  });
  return died;
};

const attachSteps = ["begin", "image", "connect", "publish", "insert", "boot", "record"];
const detachSteps = ["begin", "eject", "boot", "withdraw", "release", "record"];
const replaceSteps = ["begin", "image", "connect", "eject", "withdraw", "publish", "insert", "record", "release"];

const personalities: readonly (readonly [string, PersonalityOverrides])[] = [
  ["Basic authentication", {}],
  ["Redfish sessions only", { auth: { basic: false } }],
];

/** The BMC refuses the second insert that it is asked for, and no other. */
const refuseSecondInsert = (bmc: RedfishSimulator): void =>
  bmc.setFault({
    kind: "status",
    status: 403,
    messageId: "Base.1.18.InsufficientPrivilege",
    method: "POST",
    path: /InsertMedia$/,
    skip: 1,
  });

interface Case {
  readonly overrides: PersonalityOverrides;
  /** The last one is that in which the process dies. */
  readonly actions: Orders["actions"];
  readonly judge: (scene: Scene, facts: Fact) => Promise<void>;
  readonly prepare?: (bmc: RedfishSimulator) => void;
}

/** Answers how many commits the last action has, when nobody dies, and its steps in the journal. */
const liveWhole = async ({ overrides, actions, judge, prepare }: Case) => {
  let ended: { readonly points: number; readonly steps: readonly string[] } = { points: 0, steps: [] };
  await withScene(overrides, async (scene) => {
    prepare?.(scene.bmc);
    const whole = await live({ ...scene.orders, actions });
    const operation = whole.facts.operations?.find(({ kind }) => kind === actions.at(-1));
    ended = { points: whole.facts.commits ?? 0, steps: operation?.steps ?? [] };
    await judge(scene, whole.facts);
    await whole.end();
  });
  return ended;
};

const bothSides = ["before", "after"] as const;

const killEverywhere = async (
  each: Case,
  points: number,
  { sides = bothSides, every = 1 }: { readonly sides?: readonly ("before" | "after")[]; readonly every?: number } = {},
): Promise<void> => {
  const name = each.actions.at(-1);
  expect(points, `commits of ${name}`).toBeGreaterThanOrEqual(leastPoints);
  const commits = Array.from({ length: points }, (_, index) => index + 1).filter((at) => at % every === 0);
  const moments = commits.flatMap((at) => sides.map((when) => ({ at, when })));
  const deaths: string[] = [];
  const work = async (): Promise<void> => {
    for (let die = moments.shift(); die !== undefined; die = moments.shift()) {
      const { at, when } = die;
      const judge: Case["judge"] = async (scene, facts) => {
        try {
          await each.judge(scene, facts);
        } catch (cause) {
          throw new Error(`killed ${when} commit ${at} of ${points} of ${name}: ${String(cause)}`, { cause });
        }
      };
      if (await crashAndRecover({ ...each, judge }, die)) deaths.push(`${when} ${at}`);
    }
  };
  await Promise.all([work(), work(), work()]);
  expect(deaths.length, "processes killed").toBeGreaterThanOrEqual((sides.length * leastPoints) / every);
};

describe.each(personalities)("with %s", (_name, overrides) => {
  const cases = [
    ["attach", ["register", "attach"], attachSteps, assertAttached],
    ["detach", ["register", "attach", "detach"], detachSteps, assertDetached],
  ] as const;

  test.each(cases)(
    "kill -9 at every commit of %s is made right by the next start",
    async (_name, actions, steps, judge) => {
      const each = { overrides, actions, judge };
      const whole = await liveWhole(each);
      expect(whole.steps, "steps in the journal").toEqual(steps.map((step) => `${step} done`));
      await killEverywhere(each, whole.points);
    },
    600_000,
  );
});

/** What was done and not committed is what a crash loses here: the moment before each commit has all of that. */
describe("a replacement", () => {
  const actions = ["register", "attach", "replace"] as const;

  test("is made right by the next start after kill -9 before every commit", async () => {
    const each = { overrides: {}, actions, judge: assertReplaced };
    const whole = await liveWhole(each);
    expect(whole.steps).toEqual(replaceSteps.map((step) => `${step} done`));
    await killEverywhere(each, whole.points, { sides: ["before"] });
  }, 600_000);

  test("that the BMC refuses is undone, or done after all, after kill -9 before every third commit", async () => {
    const each = { overrides: {}, actions, judge: assertOneMedium, prepare: refuseSecondInsert };
    const whole = await liveWhole(each);
    expect(whole.steps).toContain("eject undone");
    await killEverywhere(each, whole.points, { sides: ["before"], every: 3 });
  }, 600_000);
});
