// mediabay operation list|show|cancel|wait|follow
import { type Command, Option } from "commander";
import { formatDuration } from "../../core/units.ts";
import { operationStates } from "../../core/vocabulary.ts";
import { at, connect, type ListOptions } from "../client.ts";
import type { Cli } from "../context.ts";
import { parseDuration } from "../input/arguments.ts";
import { addListOptions } from "../input/listing.ts";
import { follow } from "../progress/follow.ts";
import { operationFailure, waitForOperation } from "../progress/wait.ts";
import { fields, formatTime, table } from "../render.ts";
import { type OperationJson, toOperation } from "../views.ts";

interface OperationListOptions extends ListOptions {
  readonly machine?: string;
  readonly state?: readonly string[];
}

const lasted = ({ startedAt, endedAt }: OperationJson): string | undefined =>
  startedAt === undefined || endedAt === undefined
    ? undefined
    : formatDuration(Date.parse(endedAt) - Date.parse(startedAt));

const operationText = (operation: OperationJson): string =>
  fields([
    ["operation", operation.id],
    ["kind", operation.kind],
    ["machine", operation.machineName],
    ["attachment", operation.attachmentId],
    [
      "state",
      operation.cancelRequested && operation.endedAt === undefined ? `${operation.state}, cancelling` : operation.state,
    ],
    ["by", operation.createdBy],
    ["created", formatTime(operation.createdAt)],
    ["took", lasted(operation)],
    ...operation.steps.map(({ title, state, attempts, error }) => {
      const again = attempts > 1 ? `, attempt ${attempts}` : "";
      return ["step", `${state}${again}: ${title}${error === undefined ? "" : ` (${error.message})`}`] as const;
    }),
    ["error", operation.error === undefined ? undefined : `${operation.error.code}: ${operation.error.message}`],
  ]);

const list = async (cli: Cli, { machine, state, ...page }: OperationListOptions): Promise<void> => {
  const listing = await (await connect(cli)).list("/v1/operations", toOperation, {
    ...page,
    query: { machine, state },
  });
  const text = table(
    ["operation", "kind", "machine", "state", "created", "took", "by"],
    listing.items.map((item) => [
      item.id,
      item.kind,
      item.machineName,
      item.state,
      formatTime(item.createdAt),
      lasted(item),
      item.createdBy,
    ]),
    "There is no operation.",
  );
  await cli.show(listing, text);
};

const wait = async (cli: Cli, id: string, timeoutMs: number | undefined): Promise<void> => {
  const operation = await waitForOperation(cli, await connect(cli), id, timeoutMs);
  if (operation.state !== "succeeded") throw operationFailure(operation);
  await cli.show(operation, operationText(operation));
};

export const define = (command: Command, cli: Cli): void => {
  addListOptions(
    command
      .command("list")
      .description("list operations")
      .option("--machine <machine>", "of this machine only")
      .addOption(new Option("--state <state...>", "in these states only").choices(operationStates)),
  ).action((options: OperationListOptions) => list(cli, options));
  command
    .command("show")
    .description("show one operation with its steps")
    .argument("<id>")
    .action(async (id: string) => {
      const operation = toOperation(await (await connect(cli)).call("GET", at`/v1/operations/${id}`));
      await cli.show(operation, operationText(operation));
    });
  command
    .command("cancel")
    .description("cancel an operation; what it did is undone")
    .argument("<id>")
    .action(async (id: string) => {
      const operation = toOperation(await (await connect(cli)).call("POST", at`/v1/operations/${id}/cancel`));
      await cli.show(operation, operationText(operation));
    });
  command
    .command("wait")
    .description("wait for an operation's end; the exit code tells how it went")
    .argument("<id>")
    .option("--timeout <duration>", "stop waiting after this long (exit code 75)", parseDuration)
    .action((id: string, { timeout }: { readonly timeout?: number }) => wait(cli, id, timeout));
  command
    .command("follow")
    .description("print events as they come: of one operation to its end, or of all")
    .argument("[id]")
    .action(async (id: string | undefined) => follow(cli, await connect(cli), id));
};
