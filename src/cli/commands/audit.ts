// mediabay audit
import type { Command } from "commander";
import { connect } from "../client.ts";
import type { Cli } from "../context.ts";
import { addListOptions } from "../input/listing.ts";
import type { ListOptions } from "../client.ts";
import { formatMoment, shortDigest, table } from "../render.ts";
import { type AuditJson, isObject, toAudit } from "../views.ts";

interface AuditOptions extends ListOptions {
  readonly machine?: string;
  readonly attachment?: string;
}

/** The name of the credential that was set or removed. */
const credentialOf = ({ action, detail }: AuditJson): string | undefined =>
  action.startsWith("credential.") && isObject(detail) && typeof detail["name"] === "string"
    ? detail["name"]
    : undefined;

const isDigest = (value: unknown): value is string => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);

const valueText = (value: unknown): string => {
  if (isDigest(value)) return shortDigest(value);
  return typeof value === "string" ? value : JSON.stringify(value);
};

/** Its members by the names that they have in `--json`. */
const detailText = (item: AuditJson): string | undefined => {
  const { detail } = item;
  if (!isObject(detail) || credentialOf(item) !== undefined) return undefined;
  const told = Object.entries(detail).filter(([, value]) => value !== null);
  return told.map(([name, value]) => `${name}=${valueText(value)}`).join(" ");
};

export const define = (command: Command, cli: Cli): void => {
  command.option("--machine <machine>", "of this machine only").option("--attachment <id>", "of this attachment only");
  addListOptions(command).action(async ({ machine, attachment, ...page }: AuditOptions) => {
    const client = await connect(cli);
    const listing = await client.list("/v1/audit", toAudit, { ...page, query: { machine, attachment } });
    const text = table(
      ["at", "actor", "action", "on", "digest", "attachment", "detail"],
      listing.items.map((item) => [
        formatMoment(item.at),
        item.actor,
        item.action,
        item.machineName ?? item.machineId ?? credentialOf(item),
        shortDigest(item.digest),
        item.attachmentId,
        detailText(item),
      ]),
      "Nothing is recorded.",
    );
    await cli.show(listing, text);
  });
};
