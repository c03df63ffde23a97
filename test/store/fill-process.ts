// Fills a store until the disk takes no more, in a process whose files may not grow beyond a limit: `node fill-process.ts DIR`.
// Prints what became of it as one line of JSON.
import { MediabayError } from "../../src/core/errors.ts";
import { openSqliteStore } from "../../src/store/open-store.ts";
import { generateSealingKey, Sealer } from "../../src/store/sealer.ts";
import { systemClock } from "../../src/wire/clock.ts";
import { sampleMachine } from "../tools/store-samples.ts";

// Its default is to end the process; ignored, the write fails instead (setrlimit(2)).
process.on("SIGXFSZ", () => undefined);

const [stateDir = ""] = process.argv.slice(2);
const store = await openSqliteStore({ stateDir, sealer: new Sealer([generateSealingKey()]), clock: systemClock });

const create = async (name: string): Promise<string> => {
  try {
    await store.machines.create(sampleMachine(name), [{ username: "u", password: "p".repeat(5_000) }]);
    return "created";
  } catch (error) {
    if (error instanceof MediabayError) return error.code;
    throw error;
  }
};

let made = 0;
let outcome = "created";
for (; made < 1_000 && outcome === "created"; made += 1) outcome = await create(`m${made}`);
const again = await create(`m${made}`);
const count = await store.machines.count();
await store.close();
process.stdout.write(JSON.stringify({ made: made - 1, outcome, again, count }));
