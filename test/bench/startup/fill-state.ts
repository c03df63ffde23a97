// Fills a new state directory with machines, through the store as the service itself would: `node fill-state.ts DIR COUNT`.
// A process of its own, so that nothing of it is measured.
import { join } from "node:path";
import { loadSealer } from "../../../src/store/keys.ts";
import { openSqliteStore } from "../../../src/store/open-store.ts";
import { openStateDir } from "../../../src/store/state-dir.ts";
import { systemClock } from "../../../src/wire/clock.ts";
import { sampleMachine } from "../../tools/store-samples.ts";

const [path = "", count = "0"] = process.argv.slice(2);
const stateDir = openStateDir(path);
const sealer = await loadSealer({ kind: "file", path: join(stateDir.path, "sealing.key") });
const store = await openSqliteStore({ stateDir: stateDir.path, sealer, clock: systemClock });
for (let index = 0; index < Number(count); index += 1) {
  const name = `node-${String(index).padStart(5, "0")}`;
  const labels = { site: `s${index % 3}`, rack: `r${index % 1000}` };
  await store.machines.create(sampleMachine(name, { labels }), [{ username: "admin", password: `secret-${index}` }]);
}
await store.close();
stateDir.release();
