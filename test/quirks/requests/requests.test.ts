// A verified insert into a machine that is known takes at most three requests, whatever its BMC; preparing and waiting apart.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lacksPeer } from "../../tools/peers.ts";
import { wholeProfiles } from "../deletions.ts";
import { families } from "../families.ts";
import { setStage, type Stage } from "../rig.ts";
import { countRequests } from "./counts.ts";
import { type Cost, measureFamilies, measureThroughSushy } from "./families.ts";
import type { SushyCount, SushyFailure } from "./sushy.ts";

const mostWarm = 3;

/** Those that need more, and why. */
const exceptions: Readonly<Record<string, number>> = {
  // A share is configured under an ETag that has to be fresh, then connected; and its slot is looked at before, since another's share
  // would be overwritten: look, ETag, configure, connect, verify.
  "fujitsu/irmc-s5-2.51p": 5,
};

const all = await families();
const withoutSushy = lacksPeer(".venv");
let stage: Stage;
let costs: ReadonlyMap<string, Cost>;
let throughSushy: ReadonlyMap<string, SushyCount | SushyFailure>;

beforeAll(async () => {
  const profiles = await wholeProfiles();
  stage = await setStage();
  const measured = await measureFamilies(stage, profiles, all);
  costs = new Map(measured.map((cost) => [cost.family.fixture, cost]));
  throughSushy = withoutSushy ? new Map() : await measureThroughSushy(stage, profiles, measured);
}, 120_000);

afterAll(() => stage?.images.close());

const isRefused = (fixture: string): boolean =>
  all.find((family) => family.fixture === fixture)?.expected.stories["config drive"] !== undefined;

const [refused, taken] = [true, false].map((is) =>
  all.map(({ fixture }) => fixture).filter((fixture) => isRefused(fixture) === is),
);

describe.each(taken ?? [])("%s", (fixture) => {
  const attached = () => {
    const ours = costs.get(fixture)?.ours;
    if (ours === undefined || "refusal" in ours) throw new Error(`${fixture} was refused`);
    return ours;
  };

  test("takes a verified insert in few requests once it is known", () => {
    const { insert } = attached();
    expect(insert.warm.requests).toBeLessThanOrEqual(exceptions[fixture] ?? mostWarm);
    expect(insert.warm.prepare).toBe(0);
    expect(insert.warm.requests).toBeLessThan(insert.cold.requests);
  });

  test("costs more with a boot override, which is read back", () => {
    const { insert, boot } = attached();
    expect(boot.cold.requests).toBeGreaterThanOrEqual(insert.cold.requests + 2);
    expect(boot.warm.requests).toBeGreaterThanOrEqual(insert.warm.requests + 2);
  });

  test.skipIf(withoutSushy)("costs less than through sushy, where sushy can do it", () => {
    const theirs = throughSushy.get(fixture);
    if (theirs === undefined) throw new Error(`${fixture} was not measured`);
    const most = "fails" in theirs ? Number.POSITIVE_INFINITY : theirs.inserted;
    expect(attached().insert.warm.requests).toBeLessThan(most);
  });
});

test("the exceptions are needed", () => {
  for (const [fixture, most] of Object.entries(exceptions)) {
    expect(costs.get(fixture)?.ours).toMatchObject({ insert: { warm: { requests: most } } });
    expect(most).toBeGreaterThan(mostWarm);
  }
});

test.each(refused ?? [])("%s is refused by name", (fixture) => {
  expect(costs.get(fixture)?.ours).toMatchObject({ refusal: { code: "UNSUPPORTED_BY_BMC" } });
});

test("requests are told apart: preparing, looks at what did not show yet, and all others", () => {
  const request = (method: string, path: string, at: number) => ({ method, path, at, status: 200, connection: 1 });
  const log = [
    request("GET", "/redfish/v1/Managers/1", 0),
    request("GET", "/redfish/v1/Managers/1", 0),
    request("POST", "/redfish/v1/Managers/1/Actions/Enable", 0),
    request("GET", "/redfish/v1/slot", 0),
    request("POST", "/redfish/v1/slot/insert", 0),
    request("GET", "/redfish/v1/TaskService/Tasks/1", 0),
    request("GET", "/redfish/v1/slot", 1),
    request("GET", "/redfish/v1/slot", 1),
    request("GET", "/redfish/v1/slot", 2),
  ];
  const entry = { seq: 1, at: 0, actor: "a", action: "media.prepared", detail: { requests: 2 }, requestsBefore: 3 };
  expect(countRequests(log, [entry])).toEqual({ requests: 5, prepare: 2, polls: 2 });
  expect(countRequests(log, [])).toEqual({ requests: 7, prepare: 0, polls: 2 });
});
