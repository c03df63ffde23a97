// mediabay status [MACHINE]
import type { Command } from "commander";
import { formatSize } from "../../core/units.ts";
import { liveStates } from "../../core/vocabulary.ts";
import { at, connect, type RestClient } from "../client.ts";
import type { Cli } from "../context.ts";
import { fields, formatTime, plain, shortDigest, table } from "../render.ts";
import { type AttachmentJson, isObject, type OperationJson, toAttachment, toMachine, toOperation } from "../views.ts";
import { attachmentText } from "./attachment-text.ts";

const unfinished = ["queued", "running", "compensating"];

const attachmentTable = (attachments: readonly AttachmentJson[]): string =>
  table(
    ["machine", "role", "state", "slot", "digest", "size", "updated", "attachment"],
    attachments.map((item) => [
      item.machineName,
      item.role,
      item.state,
      item.slot,
      shortDigest(item.digest),
      item.sizeBytes === undefined ? "" : formatSize(item.sizeBytes),
      formatTime(item.updatedAt),
      item.id,
    ]),
    "Nothing is attached.",
  );

/** Of those that are live the others tell. */
const leftQuery = { state: ["detached", "failed"], leftIn: "true" };

const leftText = (attachments: readonly AttachmentJson[]): string =>
  attachments
    .map(({ id, machineName, leftIn, warnings }) => {
      const slot = plain(`slot ${leftIn ?? ""} of ${machineName}`);
      const told = warnings.map((text) => `! ${plain(text)}\n`).join("");
      return `${slot} may still hold our medium of attachment ${id}; it is looked at again by itself\n${told}`;
    })
    .join("");

const runningText = (operations: readonly OperationJson[]): string =>
  fields(
    operations.map(
      (operation) =>
        ["working", `${operation.kind} on ${operation.machineName}, ${operation.state} (${operation.id})`] as const,
    ),
  );

const overall = async (cli: Cli, client: RestClient): Promise<void> => {
  const answer = await client.call("GET", "/readyz");
  const gateway = isObject(answer) && typeof answer["status"] === "string" ? answer["status"] : "ready";
  const { items: attachments } = await client.list("/v1/attachments", toAttachment, { query: { state: liveStates } });
  const { items: left } = await client.list("/v1/attachments", toAttachment, { query: leftQuery });
  const { items: operations } = await client.list("/v1/operations", toOperation, { query: { state: unfinished } });
  await cli.show(
    { gateway, attachments, left, operations },
    `${attachmentTable(attachments)}${leftText(left)}${runningText(operations)}`,
  );
};

const ofMachine = async (cli: Cli, client: RestClient, name: string): Promise<void> => {
  const machine = toMachine(await client.call("GET", at`/v1/machines/${name}`));
  const { items: attachments } = await client.list(at`/v1/machines/${name}/attachments`, toAttachment, {
    query: { state: liveStates },
  });
  const { items: left } = await client.list(at`/v1/machines/${name}/attachments`, toAttachment, { query: leftQuery });
  const { items: operations } = await client.list("/v1/operations", toOperation, {
    query: { machine: machine.id, state: unfinished },
  });
  const text =
    attachments.length === 0 ? `Nothing is attached to ${machine.name}.\n` : attachments.map(attachmentText).join("\n");
  await cli.show({ machine, attachments, left, operations }, `${text}${leftText(left)}${runningText(operations)}`);
};

export const define = (command: Command, cli: Cli): void => {
  command.argument("[machine]", "name or id; without it all machines").action(async (machine: string | undefined) => {
    const client = await connect(cli);
    await (machine === undefined ? overall(cli, client) : ofMachine(cli, client, machine));
  });
};
