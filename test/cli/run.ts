// Runs the command line inside the test, or as a process of its own, against a scripted gateway.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { runCli } from "../../src/cli/cli.ts";
import type { Input } from "../../src/cli/context.ts";
import type { Clock } from "../../src/core/driver.ts";
import { MediabayError } from "../../src/core/errors.ts";
import { findStateDir, loadSettings } from "../../src/settings/load.ts";
import { type Expected, type RestStub, startRestStub, token } from "./rest-stub.ts";

const vendorsDir = join(import.meta.dirname, "..", "..", "vendors");

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Input | string;
  readonly clock?: Clock;
  readonly mainPath?: string;
  readonly interrupt?: (listener: () => void) => void;
}

/** Waits end at once: what is tested is what comes after them. */
export const hurriedClock: Clock = {
  now: () => 0,
  monotonic: () => 0,
  sleep: async (_ms, signal) => {
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  },
};

/** Long waits never end; the short ones between reconnections do. */
export const patientClock: Clock = {
  ...hurriedClock,
  sleep: (ms, signal) =>
    ms < 10_000
      ? hurriedClock.sleep(ms, signal)
      : new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
};

export const temporaryFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "mediabay-cli-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

/** Runs `argv` in this process. */
export const run = async (argv: readonly string[], options: RunOptions = {}): Promise<Outcome> => {
  const written = { stdout: "", stderr: "" };
  const env = { MEDIABAY_STATE_DIR: "/nonexistent", ...options.env };
  const { stdin = "" } = options;
  const code = await runCli(
    {
      version: "0.0.0-test",
      clock: options.clock ?? patientClock,
      mainPath: options.mainPath ?? "/opt/mediabay/src/main.ts",
      io: {
        stdin: typeof stdin === "string" ? Readable.from(stdin === "" ? [] : [Buffer.from(stdin)]) : stdin,
        stdout: { write: (chunk) => (written.stdout += chunk) },
        stderr: { write: (chunk) => (written.stderr += chunk) },
        env,
        onInterrupt: (listener) => {
          options.interrupt?.(listener);
          return () => undefined;
        },
      },
      loadSettings: (flags) => loadSettings({ flags, env }),
      checkSettings: async (settings) =>
        (await import("../../src/service/settings-check.ts")).checkSettings(settings, vendorsDir),
      findStateDir: (flags) => findStateDir({ flags, env }),
      serve: async (settings) => void (written.stdout += JSON.stringify(settings)),
      demo: async (given) => void (written.stdout += JSON.stringify(given)),
      simulate: async (options) => (await import("../../src/service/simulate.ts")).simulateUntilStopped(options),
      listSimulated: async () => (await import("../../src/simulators/redfish/index.ts")).listFixtures(),
      rotateKey: async () => {
        throw new MediabayError("STATE_LOCKED", "The state directory is in use.");
      },
      checkProfile: async (file) =>
        (await import("../../src/service/profile-check.ts")).checkProfileFile(file, vendorsDir),
      inspectImage: async (settings, source) =>
        (await import("../../src/service/inspect.ts")).inspectImage(settings, source),
      buildDrive: async (order) => (await import("../../src/configdrive/order.ts")).buildOrder(order),
      imageCa: async () => "-----BEGIN CERTIFICATE-----\n",
    },
    argv,
  );
  return { code, ...written };
};

/** With a gateway that expects exactly `script`. */
export const withGateway = async (
  script: readonly Expected[],
): Promise<RestStub & { readonly env: Record<string, string> }> => {
  const stub = await startRestStub(script);
  onTestFinished(() => stub.close());
  return { ...stub, env: { MEDIABAY_URL: stub.url, MEDIABAY_TOKEN: token } };
};

/** Runs `argv` against a gateway that must be asked exactly `script`. */
export const runAgainst = async (
  script: readonly Expected[],
  argv: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> => {
  const gateway = await withGateway(script);
  const outcome = await run(argv, { ...options, env: { ...gateway.env, ...options.env } });
  await gateway.finished();
  return outcome;
};

export const entryPath = join(import.meta.dirname, "entry.ts");

/** Starts `argv` as a process of its own, with nothing of our environment but what is given. */
export const start = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const child = spawn(process.execPath, [entryPath, ...argv], {
    env: { MEDIABAY_STATE_DIR: "/nonexistent", HOME: "/nonexistent", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? -1));
  });
  const outcome = async (): Promise<Outcome> => {
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
    return { code, stdout, stderr };
  };
  return { child, outcome: outcome() };
};
