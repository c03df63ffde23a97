// mediabay machine add|list|show|update|remove
import type { Command } from "commander";
import type { NewEndpoint } from "../../core/gateway.ts";
import { at, connect, type ListOptions, type RestClient } from "../client.ts";
import type { Cli } from "../context.ts";
import { usage } from "../failure.ts";
import { collect, collectLabel, collectLabelFilter } from "../input/arguments.ts";
import { addEndpointOptions, type EndpointOptions, readEndpoint } from "../input/endpoint.ts";
import { addListOptions } from "../input/listing.ts";
import { fields, formatTime, labelText, plain, table } from "../render.ts";
import { operationFailure, waitForOperation } from "../progress/wait.ts";
import { type MachineJson, toAccepted, toAttachment, toMachine } from "../views.ts";

type Labels = Readonly<Record<string, string>>;

interface AddOptions extends EndpointOptions {
  readonly label?: Labels;
}

interface UpdateOptions extends AddOptions {
  readonly name?: string;
  readonly address?: string;
  readonly unlabel?: readonly string[];
  /** False with --no-credentials. */
  readonly credentials: boolean;
}

interface RemoveOptions {
  readonly detach?: boolean;
  readonly force?: boolean;
}

const machineText = (machine: MachineJson): string =>
  fields([
    ["machine", machine.name],
    ["id", machine.id],
    ["labels", labelText(machine.labels)],
    ...machine.endpoints.flatMap((endpoint) => [
      ["endpoint", `${endpoint.address} (${endpoint.protocol})`] as const,
      ["credentials", endpoint.hasCredentials] as const,
      ["tls", `${endpoint.tls.mode}, ${endpoint.tls.level}`] as const,
      ["fingerprint", endpoint.tls.fingerprint] as const,
      ["system", endpoint.system] as const,
      ["image host", endpoint.imageHost] as const,
    ]),
    ["vendor", machine.identity?.vendor],
    ["product", machine.identity?.product],
    [
      "bmc",
      [machine.identity?.managerModel, machine.identity?.firmwareVersion]
        .filter((part) => part !== undefined)
        .join(" "),
    ],
    ["serial number", machine.identity?.serialNumber],
    ["created", formatTime(machine.createdAt)],
    ["updated", formatTime(machine.updatedAt)],
  ]);

const add = async (cli: Cli, name: string, address: string, options: AddOptions): Promise<void> => {
  const endpoint: NewEndpoint = { address, ...(await readEndpoint(cli, options)) };
  const body = { name, endpoints: [endpoint], ...(options.label === undefined ? {} : { labels: options.label }) };
  const machine = toMachine(await (await connect(cli)).call("POST", "/v1/machines", { body }));
  await cli.show(machine, machineText(machine));
};

const list = async (
  cli: Cli,
  { label, ...page }: ListOptions & { readonly label?: readonly string[] },
): Promise<void> => {
  const listing = await (await connect(cli)).list("/v1/machines", toMachine, { ...page, query: { label } });
  const text = table(
    ["name", "address", "product", "labels", "id"],
    listing.items.map(({ name, endpoints, identity, labels, id }) => [
      name,
      endpoints.map((endpoint) => endpoint.address).join(" "),
      identity?.product ?? identity?.systemModel,
      labelText(labels),
      id,
    ]),
    "No machine is registered.",
  );
  await cli.show(listing, text);
};

const mergedLabels = (machine: MachineJson, { label, unlabel }: UpdateOptions): Labels | undefined => {
  if (label === undefined && unlabel === undefined) return undefined;
  const gone = new Set(unlabel);
  return Object.fromEntries(Object.entries({ ...machine.labels, ...label }).filter(([name]) => !gone.has(name)));
};

/** The first endpoint with what the options say; absent credentials keep what is sealed. */
const mergedEndpoints = async (
  cli: Cli,
  machine: MachineJson,
  options: UpdateOptions,
): Promise<readonly NewEndpoint[] | undefined> => {
  const change: Partial<NewEndpoint> = {
    ...(await readEndpoint(cli, options)),
    ...(options.address === undefined ? {} : { address: options.address }),
    ...(options.credentials ? {} : { credentials: null }),
  };
  if (Object.keys(change).length === 0) return undefined;
  return machine.endpoints.map(({ hasCredentials: _sealed, ...endpoint }, index) =>
    index > 0 ? endpoint : { ...endpoint, ...change, tls: { ...endpoint.tls, ...change.tls } },
  );
};

const update = async (cli: Cli, name: string, options: UpdateOptions): Promise<void> => {
  if (!options.credentials && options.username !== undefined)
    throw usage("--no-credentials and --username exclude each other.");
  const client = await connect(cli);
  const before = toMachine(await client.call("GET", at`/v1/machines/${name}`));
  const labels = mergedLabels(before, options);
  const endpoints = await mergedEndpoints(cli, before, options);
  const body = {
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(labels === undefined ? {} : { labels }),
    ...(endpoints === undefined ? {} : { endpoints }),
  };
  if (Object.keys(body).length === 0) throw usage("Nothing to change was given.");
  const machine = toMachine(await client.call("PATCH", at`/v1/machines/${before.id}`, { body }));
  await cli.show(machine, machineText(machine));
};

const takeOut = async (cli: Cli, client: RestClient, path: string, force: boolean): Promise<void> => {
  const accepted = toAccepted(await client.call("DELETE", path));
  const operation = await waitForOperation(cli, client, accepted.operation.id);
  if (operation.state === "succeeded") return;
  const failure = operationFailure(operation);
  if (!force) throw failure;
  cli.note(`The medium stays in the BMC: ${plain(failure.problem.detail)}`);
};

const remove = async (cli: Cli, name: string, { detach, force }: RemoveOptions): Promise<void> => {
  const client = await connect(cli);
  if (detach === true) {
    const own = at`/v1/machines/${name}/attachments`;
    await takeOut(cli, client, own, force === true);
    const { items } = await client.list(own, toAttachment, { query: { leftIn: "true" } });
    for (const slot of new Set(items.flatMap(({ leftIn }) => leftIn ?? [])))
      await takeOut(cli, client, at`/v1/machines/${name}/media/${slot}`, force === true);
  }
  const query = { force: force === true ? "true" : undefined };
  await client.call("DELETE", at`/v1/machines/${name}`, { query });
  await cli.show({ removed: name }, `Removed ${name}.\n`);
};

const defineChanges = (command: Command, cli: Cli): void => {
  addEndpointOptions(
    command
      .command("add")
      .description("register a machine")
      .argument("<name>", "letters, digits and ._-")
      .argument("<address>", "its BMC: https://host[:port], or a bare host")
      .option("--label <key=value>", "label it; repeatable", collectLabel),
  ).action((name: string, address: string, options: AddOptions) => add(cli, name, address, options));
  addEndpointOptions(
    command
      .command("update")
      .description("change what is said; the rest stays")
      .argument("<machine>", "name or id")
      .option("--name <name>", "rename it")
      .option("--address <address>", "its BMC's new address")
      .option("--no-credentials", "forget the credentials")
      .option("--label <key=value>", "set a label; repeatable", collectLabel)
      .option("--unlabel <key>", "take a label away; repeatable", collect),
  ).action((name: string, options: UpdateOptions) => update(cli, name, options));
  command
    .command("remove")
    .description("forget a machine and its credentials")
    .argument("<machine>", "name or id")
    .option("--detach", "take out what is attached first, and what was left in")
    .option("--force", "also with something attached, which then stays in the BMC")
    .action((name: string, options: RemoveOptions) => remove(cli, name, options));
};

export const define = (command: Command, cli: Cli): void => {
  addListOptions(
    command
      .command("list")
      .description("list the machines")
      .option("--label <key[=value]>", "with this label; repeatable, all must match", collectLabelFilter),
  ).action((options: ListOptions & { readonly label?: readonly string[] }) => list(cli, options));
  command
    .command("show")
    .description("show one machine")
    .argument("<machine>", "name or id")
    .action(async (name: string) => {
      const machine = toMachine(await (await connect(cli)).call("GET", at`/v1/machines/${name}`));
      await cli.show(machine, machineText(machine));
    });
  defineChanges(command, cli);
};
