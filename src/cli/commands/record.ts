// mediabay record MACHINE DIR | --address ADDRESS DIR
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import type { Recording } from "../../core/ports.ts";
import { recordingFiles } from "../../core/vocabulary.ts";
import { connect, type RestClient } from "../client.ts";
import type { Cli } from "../context.ts";
import { type Problem, refusal, unreachable, usage } from "../failure.ts";
import { addEndpointOptions, type EndpointOptions, readEndpoint } from "../input/endpoint.ts";
import { createView, type ProgressView } from "../progress/view.ts";
import { fields } from "../render.ts";
import { isObject, toRecording } from "../views.ts";

interface RecordOptions extends EndpointOptions {
  readonly address?: string;
}

interface Wanted {
  readonly body: object;
  readonly folder: string;
}

const wantedOf = async (cli: Cli, words: readonly string[], options: RecordOptions): Promise<Wanted> => {
  const { address, ...endpointOptions } = options;
  const [first = "", second, ...more] = words;
  if (more.length > 0 || (second === undefined) !== (address !== undefined))
    throw usage("A machine and a folder are needed, or --address and a folder.");
  const endpoint = await readEndpoint(cli, endpointOptions);
  if (second === undefined) return { body: { endpoint: { ...endpoint, address } }, folder: first };
  if (Object.keys(endpoint).length > 0)
    throw usage("A registered machine is recorded by its own endpoint.", "Use --address with these options.");
  return { body: { machine: first }, folder: second };
};

const codeOf = (error: unknown): string => {
  if (error instanceof Error && "code" in error) return String(error.code);
  throw error;
};

/** Before the BMC is asked for anything: a recording is never mixed with what is there. */
const prepareFolder = async (folder: string): Promise<void> => {
  try {
    await mkdir(folder, { recursive: true });
    if ((await readdir(folder)).length === 0) return;
  } catch (error) {
    throw usage(`The folder ${folder} cannot be used (${codeOf(error)}).`);
  }
  throw usage(`The folder ${folder} is not empty.`, "Name a new one; a recording replaces nothing.");
};

const parse = (data: string): unknown => JSON.parse(data);

const isProblem = (value: unknown): value is Problem & { readonly status: number } =>
  isObject(value) && typeof value["code"] === "string" && typeof value["detail"] === "string";

const record = async (
  client: RestClient,
  body: object,
  signal: AbortSignal,
  view: ProgressView,
): Promise<Recording> => {
  for await (const { type, data } of client.work("/v1/record", body, signal)) {
    const said = parse(data);
    if (type === "recorded") return toRecording(said);
    if (type === "problem" && isProblem(said)) throw refusal(said);
    if (type === "progress" && isObject(said))
      view.progress(`${String(said["read"])} resources, ${String(said["left"])} to go`);
  }
  throw unreachable("The gateway ended its answer before the recording was complete.");
};

const step = ["record", "Read what the BMC shows"] as const;

const shown = async (cli: Cli, body: object): Promise<Recording> => {
  const client = await connect(cli);
  const stop = new AbortController();
  const release = cli.io.onInterrupt(() => stop.abort());
  const view = await createView(cli);
  view.stepStarted(...step);
  try {
    const recording = await record(client, body, stop.signal, view);
    view.stepEnded(...step, "done");
    return recording;
  } catch (error) {
    view.stepEnded(...step, "failed");
    throw error;
  } finally {
    release();
    await view.close();
  }
};

const run = async (cli: Cli, words: readonly string[], options: RecordOptions): Promise<void> => {
  const { body, folder } = await wantedOf(cli, words, options);
  await prepareFolder(folder);
  const { files, resources, notes } = await shown(cli, body);
  for (const name of recordingFiles) await writeFile(join(folder, name), files[name]);
  const summary = fields([
    ["folder", folder],
    ["resources", resources],
    ...notes.map((note) => ["not read", note] as const),
    ["replay", `mediabay simulate ${/^[./]/.test(folder) ? folder : `./${folder}`}`],
  ]);
  await cli.show({ folder, files: recordingFiles, resources, notes }, summary);
};

const help = `
  mediabay record MACHINE DIR
  mediabay record --address ADDRESS --username NAME --password-file FILE DIR

Reads what the BMC shows of virtual media, one GET after the other (a login aside), and writes resources.json,
personality.json and PROVENANCE.md into DIR, which must be new or empty. Serial numbers, UUIDs, addresses, names and
secrets are replaced in the gateway, before anything is sent here. Read it all once before you give it away.`;

export const define = (command: Command, cli: Cli): void => {
  command
    .argument("<machine and folder...>", "a registered machine and a folder; with --address the folder alone")
    .option("--address <address>", "a BMC that is not registered")
    .addHelpText("after", help);
  addEndpointOptions(command).action((words: readonly string[], options: RecordOptions) => run(cli, words, options));
};
