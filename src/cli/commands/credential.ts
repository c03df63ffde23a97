// mediabay credential set|list|remove
import type { Command } from "commander";
import { at, connect, type ListOptions } from "../client.ts";
import type { Cli } from "../context.ts";
import { addCredentialOptions, type CredentialOptions, readCredential } from "../input/credential.ts";
import { addListOptions } from "../input/listing.ts";
import { fields, formatTime, table } from "../render.ts";
import { type CredentialJson, toCredential } from "../views.ts";

const goesTo = ({ kind, destinations }: CredentialJson): string =>
  `${destinations.join(" ")}${kind === "swift" ? " and its object store" : ""}`;

const credentialText = (credential: CredentialJson): string =>
  fields([
    ["credential", credential.name],
    ["kind", credential.kind],
    ["goes to", goesTo(credential)],
    ["created", formatTime(credential.createdAt)],
    ["updated", formatTime(credential.updatedAt)],
  ]);

const set = async (cli: Cli, name: string, options: CredentialOptions): Promise<void> => {
  const body = await readCredential(cli, options);
  const credential = toCredential(await (await connect(cli)).call("PUT", at`/v1/credentials/${name}`, { body }));
  if (credential.destinations.some((destination) => destination.startsWith("http:")))
    cli.note("note: it is sent over plain http, where the network can read it.");
  await cli.show(credential, credentialText(credential));
};

const list = async (cli: Cli, page: ListOptions): Promise<void> => {
  const listing = await (await connect(cli)).list("/v1/credentials", toCredential, page);
  const text = table(
    ["name", "kind", "goes to", "updated"],
    listing.items.map((item) => [item.name, item.kind, goesTo(item), formatTime(item.updatedAt)]),
    "There is no named credential.",
  );
  await cli.show(listing, text);
};

export const define = (command: Command, cli: Cli): void => {
  addCredentialOptions(
    command
      .command("set")
      .description("add or replace a named credential; its secret comes from a file, the environment or a prompt")
      .argument("<name>", "letters, digits and ._-"),
  ).action((name: string, options: CredentialOptions) => set(cli, name, options));
  addListOptions(command.command("list").description("list the named credentials, without their secrets")).action(
    (page: ListOptions) => list(cli, page),
  );
  command
    .command("remove")
    .description("remove a named credential")
    .argument("<name>")
    .action(async (name: string) => {
      await (await connect(cli)).call("DELETE", at`/v1/credentials/${name}`);
      await cli.show({ removed: name }, `Removed ${name}.\n`);
    });
};
