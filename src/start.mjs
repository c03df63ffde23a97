// `node src/start.mjs FILE [ARGUMENT…]`: runs one of our TypeScript files under Node 24 or newer, which is this Node, or, where
// that is too old, the one that npm brought along. Plain JavaScript, because an old Node must be able to read it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { constants, homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const needed = 24;

const brought = join(
  dirname(fileURLToPath(import.meta.url)),
  "../node_modules",
  `node-${process.platform}-${process.arch}`,
  "bin/node",
);

/** npm's own link to it, `.bin/node`, is not to be relied on: npm 10 removes it when it drops the package of another processor. */
const runElsewhere = () => {
  const env = { ...process.env, PATH: [dirname(brought), process.env.PATH].join(delimiter) };
  const child = spawn(brought, process.argv.slice(2), { stdio: "inherit", env });
  // A terminal sends ^C to both; whoever sends a signal to this process alone means the other.
  process.on("SIGINT", () => undefined);
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? "SIGKILL"]));
};

if (Number.parseInt(process.versions.node, 10) >= needed) {
  // Before any file of ours is loaded, so that none has its types stripped anew at the next start: 20 MB and 100 ms of `serve`.
  // In the user's own cache folder: the default is in /tmp, where another user could have put what we would run.
  module.enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "mediabay"));
  process.argv.splice(1, 2, resolve(process.argv[2] ?? ""));
  await import(pathToFileURL(process.argv[1] ?? "").href);
} else if (existsSync(brought)) {
  runElsewhere();
} else {
  process.stderr.write(
    `Mediabay needs Node ${needed} or newer; this is ${process.version}. Install it, or run \`npm ci\` again: it brings Node ${needed} ` +
      "for Linux on x64 and arm64, unless optional packages are omitted.\n",
  );
  process.exitCode = 1;
}
