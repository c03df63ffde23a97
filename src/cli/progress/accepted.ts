// What every command does with work that was accepted: print its operation, or wait for its end.
import type { Command } from "commander";
import { at, type RestClient } from "../client.ts";
import type { Cli } from "../context.ts";
import { parseDuration } from "../input/arguments.ts";
import { type AcceptedJson, toAttachment } from "../views.ts";
import { operationFailure, waitForOperation } from "./wait.ts";

export interface WorkOptions {
  readonly wait?: boolean;
  readonly timeout?: number;
  readonly deadline?: number;
  readonly idempotencyKey?: string;
}

/** `--wait`, `--timeout` and `--idempotency-key`, for every command whose work is accepted for later. */
export const addWorkOptions = (command: Command): Command =>
  command
    .option("--wait", "wait for the end and show the outcome")
    .option("--no-wait", "print the operation's id at once (default)")
    .option("--timeout <duration>", "with --wait: stop waiting after this long (exit code 75)", parseDuration)
    .option("--idempotency-key <key>", "the same key with the same request is accepted only once");

/** `text` tells people the outcome; without `--wait` the operation's id is printed instead. */
export const finish = async (
  cli: Cli,
  client: RestClient,
  accepted: AcceptedJson,
  options: WorkOptions,
  text: (outcome: AcceptedJson) => string | Promise<string>,
): Promise<void> => {
  const { id } = accepted.operation;
  if (options.wait !== true) {
    await cli.show(accepted, `${id}\n`);
    if (cli.io.stdout.isTTY === true) cli.note(`Accepted; \`mediabay operation follow ${id}\` shows how it goes.`);
    return;
  }
  const operation = await waitForOperation(cli, client, id, options.timeout);
  if (operation.state !== "succeeded") throw operationFailure(operation);
  const attachmentId = accepted.attachment?.id;
  const outcome: AcceptedJson =
    attachmentId === undefined
      ? { operation }
      : { operation, attachment: toAttachment(await client.call("GET", at`/v1/attachments/${attachmentId}`)) };
  await cli.show(outcome, text(outcome));
};
