// Records a simulated BMC through the Redfish driver, and replays the recording as another simulated BMC.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Session } from "../../src/core/driver.ts";
import type { Recording } from "../../src/core/ports.ts";
import { createRedfish } from "../../src/drivers/redfish/index.ts";
import { redfishQuirks } from "../../src/drivers/redfish/quirks.ts";
import { createRecorder } from "../../src/recording/recorder.ts";
import type { RedfishSimulator } from "../../src/simulators/redfish/index.ts";
import { createHttpPool } from "../../src/wire/pool.ts";
import { createHastyClock } from "../tools/hasty-clock.ts";

/** A conversation with a simulated BMC, without a profile, that ends with the test. */
export const converse = async (bmc: RedfishSimulator): Promise<Session> => {
  const pool = createHttpPool();
  onTestFinished(() => pool.close());
  const session = await createRedfish({ http: pool }).open(
    { protocol: "redfish", address: bmc.url, credentials: bmc.credentials, tls: { mode: "verify", level: "modern" } },
    () => redfishQuirks.defaults,
    { clock: createHastyClock(), signal: AbortSignal.timeout(30_000), onExchange: () => undefined },
  );
  onTestFinished(() => session.close());
  return session;
};

export const recordOf = async (bmc: RedfishSimulator, key?: Uint8Array): Promise<Recording> => {
  const { read, identity } = await converse(bmc);
  if (read === undefined) throw new Error("the driver reads no resources");
  const recorder = createRecorder({ clock: createHastyClock(), ...(key === undefined ? {} : { key }) });
  return recorder.record({ read, identity, secrets: [] });
};

/** Writes it into a folder that is gone after the test. */
export const written = async ({ files }: Pick<Recording, "files">): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "recording-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
};
