// The command line as a process of its own, for tests: what is not the command line's own work is a stub that says what it was given.
import { join } from "node:path";
import { processIo, runCli } from "../../src/cli/cli.ts";
import { MediabayError } from "../../src/core/errors.ts";
import { findStateDir, loadSettings } from "../../src/settings/load.ts";
import { systemClock } from "../../src/wire/clock.ts";

const vendorsDir = join(import.meta.dirname, "..", "..", "vendors");

process.exitCode = await runCli(
  {
    version: "0.0.0-test",
    clock: systemClock,
    mainPath: import.meta.filename,
    io: processIo(),
    loadSettings: (flags) => loadSettings({ flags, env: process.env }),
    checkSettings: async (settings) =>
      (await import("../../src/service/settings-check.ts")).checkSettings(settings, vendorsDir),
    findStateDir: (flags) => findStateDir({ flags, env: process.env }),
    serve: async (settings) => void process.stdout.write(`${JSON.stringify(settings)}\n`),
    demo: async (options) => void process.stdout.write(`${JSON.stringify(options)}\n`),
    simulate: async (options) => (await import("../../src/service/simulate.ts")).simulateUntilStopped(options),
    listSimulated: async () => (await import("../../src/simulators/redfish/index.ts")).listFixtures(),
    rotateKey: async (settings) => ({ stateDir: settings.stateDir, sealed: 3 }),
    checkProfile: async (file) =>
      (await import("../../src/service/profile-check.ts")).checkProfileFile(file, vendorsDir),
    inspectImage: async (settings, source) =>
      (await import("../../src/service/inspect.ts")).inspectImage(settings, source),
    buildDrive: async (order) => (await import("../../src/configdrive/order.ts")).buildOrder(order),
    imageCa: async () => {
      throw new MediabayError("NOT_FOUND", "There is no generated CA.");
    },
  },
  process.argv.slice(2),
);
