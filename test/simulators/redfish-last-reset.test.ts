// LastResetTime of a simulated System, where its fixture has one: the moment of its last start.
import { expect, test } from "vitest";
import { startRedfishSimulator } from "../../src/simulators/redfish/index.ts";
import { changedFixture } from "../tools/changed-fixture.ts";
import { createHastyClock } from "../tools/hasty-clock.ts";

test("a start moves LastResetTime, switching off does not", async () => {
  const { folder, remove } = await changedFixture({ lastResetTime: true });
  const clock = createHastyClock(Date.UTC(2026, 0, 1));
  const bmc = await startRedfishSimulator({ fixture: folder, clock });
  const { username, password } = bmc.credentials;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const shown = async (): Promise<unknown> => {
    const answer = await fetch(`${bmc.url}/redfish/v1/Systems/1`, { headers: { authorization } });
    return ((await answer.json()) as Record<string, unknown>)["LastResetTime"];
  };
  try {
    expect(await shown()).toBe("2001-01-01T00:00:00Z");
    bmc.setPower("Off");
    await clock.sleep(60_000);
    const before = await shown();
    bmc.setPower("On");
    await clock.sleep(60_000);
    expect(await shown()).not.toBe(before);
    expect(await shown()).toMatch(/^2026-01-01T00:0\d:\d\dZ$/);
  } finally {
    await bmc.close();
    await remove();
  }
});
