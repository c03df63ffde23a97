// `mediabay demo`: one whole attach and detach against a simulated BMC, in a temporary folder, with the evidence beside each claim.
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MediabayError } from "../core/errors.ts";
import { startMediabay, type Running } from "../service/start.ts";
import { loadSettings } from "../settings/load.ts";
import { type Origin, startOrigin } from "../simulators/origin.ts";
import { type RedfishSimulator, startRedfishSimulator } from "../simulators/redfish/index.ts";
import { type Evidence, evidenceOfAttach, evidenceOfDetach } from "./evidence.ts";

export interface DemoOptions {
  readonly keep: boolean;
  readonly json: boolean;
  readonly version: string;
  readonly vendorsDir: string;
  readonly fixturesDir: string;
  write(text: string): unknown;
  /** Runs one `mediabay` command line in this process and answers its exit code. */
  command(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<number>;
  /** Resolves when the person at the terminal has seen enough. */
  untilInterrupted(): Promise<void>;
}

/** All that the demo runs; closed in reverse. */
export interface Stage {
  readonly gateway: Running;
  readonly bmc: RedfishSimulator;
  readonly origin: Origin;
  readonly imageUrl: string;
  readonly image: Buffer;
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string>>;
}

const machine = "demo-1";

/** @throws MediabayError BMC_INCONSISTENT when a piece of evidence is missing: then the demo has failed */
export const runDemo = async (options: DemoOptions): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "mediabay-demo-"));
  const undo: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const stage = await setStage(options, folder, undo);
    if (options.keep) await playAndKeep(options, stage);
    else await play(options, stage);
  } finally {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  }
};

const setStage = async (options: DemoOptions, folder: string, undo: (() => unknown)[]): Promise<Stage> => {
  const image = await readFile(join(options.fixturesDir, "configdrive", "config-2.iso"));
  const origin = await startOrigin({ files: { "config-2.iso": image } });
  undo.push(() => origin.close());
  const password = randomBytes(12).toString("hex");
  const bmc = await startRedfishSimulator({ password });
  undo.push(() => bmc.close());
  const stateDir = join(folder, "state");
  const settings = loadSettings({
    env: {},
    readFile: () => "",
    flags: {
      config: "demo",
      set: Object.entries({
        stateDir,
        "control.port": "0",
        "imagePlane.http.host": "127.0.0.1",
        "imagePlane.http.port": "0",
        "sources.allow": "127.0.0.0/8",
        "log.level": "silent",
      }).map(([path, value]) => ({ path, value, flag: "demo" })),
    },
  });
  const gateway = await startMediabay(settings, options);
  undo.push(() => gateway.close());
  const env = { MEDIABAY_URL: gateway.controlUrl, MEDIABAY_TOKEN_FILE: gateway.tokenFile, DEMO_BMC_PASSWORD: password };
  return { gateway, bmc, origin, imageUrl: origin.urlOf("config-2.iso"), image, stateDir, env };
};

const say = (options: DemoOptions, text: string): void => {
  if (!options.json) options.write(`${text}\n`);
};

const run = async (options: DemoOptions, { env }: Stage, ...argv: string[]): Promise<void> => {
  say(options, `\n$ mediabay ${argv.join(" ")}`);
  const code = await options.command(argv, env);
  if (code !== 0) throw new MediabayError("INTERNAL", `mediabay ${argv[0]} ended with exit code ${code}.`);
};

const show = (options: DemoOptions, title: string, evidence: readonly Evidence[]): void => {
  say(options, `\n${title}`);
  for (const { claim, shown, holds } of evidence) say(options, `  ${holds ? "✓" : "✗"} ${claim}: ${shown}`);
};

const begin = async (options: DemoOptions, stage: Stage): Promise<readonly Evidence[]> => {
  say(options, `gateway        ${stage.gateway.controlUrl} (state in ${stage.stateDir})`);
  say(
    options,
    `image plane    ${stage.gateway.imagePlane.addresses.map(({ scheme, address, port }) => `${scheme}://${address}:${port}`).join(", ")}`,
  );
  say(options, `simulated BMC  ${stage.bmc.url}`);
  say(options, `origin         ${stage.imageUrl} (${stage.image.byteLength} bytes)`);
  await run(
    options,
    stage,
    "machine",
    "add",
    machine,
    stage.bmc.url,
    "--username",
    stage.bmc.credentials.username,
    "--password-env",
    "DEMO_BMC_PASSWORD",
  );
  await run(options, stage, "attach", machine, stage.imageUrl, "--boot", "once", "--wait", "--reset");
  await stage.bmc.idle();
  const evidence = await evidenceOfAttach(stage, machine);
  show(options, "What the BMC shows and did:", evidence);
  return evidence;
};

const play = async (options: DemoOptions, stage: Stage): Promise<void> => {
  const attached = await begin(options, stage);
  const urls = stage.bmc.slots().flatMap(({ image }) => image ?? []);
  await run(options, stage, "detach", machine, "--wait");
  const detached = await evidenceOfDetach(stage, machine, urls);
  show(options, "What is left:", detached);
  const evidence = [...attached, ...detached];
  if (options.json) options.write(`${JSON.stringify({ evidence }, undefined, 2)}\n`);
  const missing = evidence.filter(({ holds }) => !holds);
  if (missing.length > 0) {
    throw new MediabayError("BMC_INCONSISTENT", `The demo failed: ${missing.map(({ claim }) => claim).join("; ")}.`);
  }
  say(options, "\nAll of it held. `npm run demo -- --keep` leaves it running to be tried by hand.");
};

const playAndKeep = async (options: DemoOptions, stage: Stage): Promise<void> => {
  const evidence = await begin(options, stage);
  if (options.json)
    options.write(
      `${JSON.stringify({ evidence, url: stage.gateway.controlUrl, tokenFile: stage.gateway.tokenFile }, undefined, 2)}\n`,
    );
  say(
    options,
    `
It is still running. In another terminal:
  export MEDIABAY_URL=${stage.gateway.controlUrl} MEDIABAY_TOKEN_FILE=${stage.gateway.tokenFile}
  npx mediabay status ${machine}
  npx mediabay media ${machine}
  npx mediabay detach ${machine} --wait
  npx mediabay attach ${machine} ${stage.imageUrl} --wait
  curl -s -H "Authorization: Bearer $(cat $MEDIABAY_TOKEN_FILE)" $MEDIABAY_URL/v1/machines/${machine}/media
  API documentation: ${stage.gateway.controlUrl}/docs
Ctrl-C ends it and deletes its folder.`,
  );
  await options.untilInterrupted();
};
