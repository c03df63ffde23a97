// Runs the toy operation in a process of its own and kills it at one commit: `node toy-process.ts DIR KEY EFFECTS OUTCOME WHEN ORDINAL`.
// With ORDINAL 0 it runs to its end and prints how many commits it made.
import { parseKeys } from "../../src/store/keys.ts";
import { openSqliteStore } from "../../src/store/open-store.ts";
import { Sealer } from "../../src/store/sealer.ts";
import { systemClock } from "../../src/wire/clock.ts";
import { toyOperations, toyRequest } from "./toy.ts";

const [stateDir = "", key = "", effects = "", outcome, when, ordinal] = process.argv.slice(2);
let commits = 0;

const store = await openSqliteStore({
  stateDir,
  sealer: new Sealer(parseKeys(key)),
  clock: systemClock,
  onCommit: (at, count) => {
    commits = count;
    if (at === when && count === Number(ordinal)) process.kill(process.pid, "SIGKILL");
  },
});
const operations = toyOperations(store, effects, outcome === "fails" ? "fails" : "succeeds");
await operations.start();
const { operation } = await operations.submit(toyRequest("first"));
await operations.wait(operation.id, 30_000);
await operations.stop(0);
await store.close();
process.stdout.write(String(commits));
