#!/usr/bin/env node
// The `mediabay` command. Knows the command line and the settings; everything heavy is loaded by the command that needs it.
import { fileURLToPath } from "node:url";
import { processIo, runCli } from "./cli/cli.ts";
import type { CliDeps } from "./cli/context.ts";
import type { Settings } from "./settings/schema.ts";
import { systemClock } from "./wire/clock.ts";
import { version } from "./version.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const vendorsDir = here("../vendors");
const io = processIo();

const deps: CliDeps<Settings> = {
  version,
  clock: systemClock,
  mainPath: here("main.ts"),
  io,
  loadSettings: async (flags) => (await import("./settings/load.ts")).loadSettings({ flags, env: process.env }),
  checkSettings: async (settings) => (await import("./service/settings-check.ts")).checkSettings(settings, vendorsDir),
  findStateDir: async (flags) => (await import("./settings/load.ts")).findStateDir({ flags, env: process.env }),
  serve: async (settings) => (await import("./service/run.ts")).serveUntilStopped(settings, { version, vendorsDir }),
  demo: async (options) => {
    const { runDemo } = await import("./demo/demo.ts");
    const stdout = options.json ? { write: () => true } : io.stdout;
    await runDemo({
      ...options,
      version,
      vendorsDir,
      fixturesDir: here("../fixtures"),
      write: (text) => io.stdout.write(text),
      command: (argv, env) => runCli({ ...deps, io: { ...io, stdout, env } }, argv),
      untilInterrupted: () => new Promise((resolve) => void io.onInterrupt(resolve)),
    });
  },
  simulate: async (options) => (await import("./service/simulate.ts")).simulateUntilStopped(options),
  listSimulated: async () => (await import("./simulators/redfish/index.ts")).listFixtures(),
  rotateKey: async (settings) => (await import("./service/offline.ts")).rotateKey(settings),
  checkProfile: async (file) => (await import("./service/profile-check.ts")).checkProfileFile(file, vendorsDir),
  inspectImage: async (settings, source) => (await import("./service/inspect.ts")).inspectImage(settings, source),
  buildDrive: async (order) => (await import("./configdrive/order.ts")).buildOrder(order),
  imageCa: async (settings) => (await import("./service/offline.ts")).imageCa(settings),
};

process.exitCode = await runCli(deps, process.argv.slice(2));
