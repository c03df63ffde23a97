// mediabay token create|list|remove
import { open } from "node:fs/promises";
import { type Command, Option } from "commander";
import { roles, type Role } from "../../core/vocabulary.ts";
import { at, connect, type ListOptions } from "../client.ts";
import type { Cli } from "../context.ts";
import { usage } from "../failure.ts";
import { addListOptions } from "../input/listing.ts";
import { formatTime, table } from "../render.ts";
import { toNewToken, toToken } from "../views.ts";

/** Before the token is made: a token that could not be written would be lost, and it still opens doors. */
const createPrivately = async (file: string) => {
  try {
    return await open(file, "wx", 0o600);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    throw usage(`--output: the file ${file} cannot be created (${String(error.code)}).`);
  }
};

const create = async (
  cli: Cli,
  name: string,
  { role, output }: { readonly role: Role; readonly output?: string },
): Promise<void> => {
  const client = await connect(cli);
  const file = output === undefined ? undefined : await createPrivately(output);
  try {
    const made = toNewToken(await client.call("POST", "/v1/tokens", { body: { name, role } }));
    if (file === undefined) return await cli.show(made, `${made.token}\n`);
    await file.writeFile(`${made.token}\n`);
    await cli.show({ record: made.record, file: output }, `${output ?? ""}\n`);
  } finally {
    await file?.close();
  }
};

export const define = (command: Command, cli: Cli): void => {
  command
    .command("create")
    .description("create a token; it is shown once and never again")
    .argument("<name>")
    .addOption(new Option("--role <role>", "what it may do").choices(roles).default("operator"))
    .option("--output <file>", "write it to a new file, readable by you alone, instead of showing it")
    .action((name: string, options: { readonly role: Role; readonly output?: string }) => create(cli, name, options));
  addListOptions(command.command("list").description("list the tokens")).action(async (page: ListOptions) => {
    const listing = await (await connect(cli)).list("/v1/tokens", toToken, page);
    const text = table(
      ["name", "role", "created", "last used", "id"],
      listing.items.map((item) => [
        item.name,
        item.role,
        formatTime(item.createdAt),
        formatTime(item.lastUsedAt),
        item.id,
      ]),
      "There is no token.",
    );
    await cli.show(listing, text);
  });
  command
    .command("remove")
    .description("remove a token: it is refused from now on")
    .argument("<id>")
    .action(async (id: string) => {
      await (await connect(cli)).call("DELETE", at`/v1/tokens/${id}`);
      await cli.show({ removed: id }, `Removed ${id}.\n`);
    });
};
