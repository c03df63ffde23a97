// kill -9 at every commit of attach and detach, before it and after it: whatever is lost, the next start makes it right.
import { type ChildProcess, spawn } from "node:child_process";
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

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** At least so many commits must have been counted, else the test has lost its points. */
const leastPoints = 12;

let origin: Origin;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mediabay-crash-"));
  origin = await startOrigin({
    files: { "config-2.iso": await readFile(here("../../fixtures/configdrive/config-2.iso")) },
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
      },
    });
  } finally {
    await bmc.close();
    await rm(stateDir, { recursive: true, force: true });
  }
};

const stored = async (
  stateDir: string,
): Promise<{ files: number; holds: number; publications: number; sessions: number }> => {
  const database = new DatabaseSync(join(stateDir, "mediabay.db"), { readOnly: true });
  const count = (sql: string): number => Number(Object.values(database.prepare(sql).get() ?? { n: Number.NaN })[0]);
  try {
    return {
      files: (await readdir(join(stateDir, "images"))).length,
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
  await expect.poll(() => stored(orders.stateDir)).toEqual({ files: 1, holds: 1, publications: 1, sessions: 0 });
};

const assertDetached = async ({ bmc, orders }: Scene, facts: Fact): Promise<void> => {
  expect(facts.attachments?.map(({ state }) => state)).toEqual(["detached"]);
  expect(facts.operations?.filter(({ state }) => state !== "succeeded")).toEqual([]);
  expect(bmc.slots().filter(({ inserted }) => inserted)).toEqual([]);
  expect(bmc.effectiveInserts()).toBe(1);
  expect(bmc.boot().enabled).toBe("Disabled");
  await expect.poll(() => bmc.sessions()).toBe(0);
  await expect.poll(() => stored(orders.stateDir)).toEqual({ files: 0, holds: 0, publications: 0, sessions: 0 });
};

/** The crash, the next start, and the client that repeats its call because it never had an answer. */
const crashAndRecover = async (
  overrides: PersonalityOverrides,
  actions: Orders["actions"],
  die: NonNullable<Orders["die"]>,
  judge: (scene: Scene, facts: Fact) => Promise<void>,
): Promise<boolean> => {
  let died = false;
  await withScene(overrides, async (scene) => {
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

const personalities: readonly (readonly [string, PersonalityOverrides])[] = [
  ["Basic authentication", {}],
  ["Redfish sessions only", { auth: { basic: false } }],
];

describe.each(personalities)("with %s", (_name, overrides) => {
  const cases = [
    ["attach", ["register", "attach"], attachSteps, assertAttached],
    ["detach", ["register", "attach", "detach"], detachSteps, assertDetached],
  ] as const;

  test.each(cases)(
    "kill -9 at every commit of %s is made right by the next start",
    async (name, actions, steps, judge) => {
      let points = 0;
      await withScene(overrides, async (scene) => {
        const whole = await live({ ...scene.orders, actions });
        points = whole.facts.commits ?? 0;
        const journalled = whole.facts.operations?.find(({ kind }) => kind === name)?.steps;
        expect(journalled, "steps in the journal").toEqual(steps.map((step) => `${step} done`));
        await judge(scene, whole.facts);
        await whole.end();
      });
      expect(points, `commits of ${name}`).toBeGreaterThanOrEqual(leastPoints);
      const moments = Array.from({ length: points }, (_, index) => index + 1).flatMap((at) => [
        { at, when: "before" as const },
        { at, when: "after" as const },
      ]);
      const deaths: string[] = [];
      const work = async (): Promise<void> => {
        for (let die = moments.shift(); die !== undefined; die = moments.shift()) {
          const { at, when } = die;
          const died = await crashAndRecover(overrides, actions, die, async (scene, facts) => {
            try {
              await judge(scene, facts);
            } catch (cause) {
              throw new Error(`killed ${when} commit ${at} of ${points} of ${name}: ${String(cause)}`, { cause });
            }
          });
          if (died) deaths.push(`${when} ${at}`);
        }
      };
      await Promise.all([work(), work(), work()]);
      expect(deaths.length, "processes killed").toBeGreaterThanOrEqual(2 * leastPoints);
    },
    600_000,
  );
});
