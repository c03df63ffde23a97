// mediabay profile list|show|explain|check
import type { Command } from "commander";
import type { ProfileQuirk } from "../../core/ports.ts";
import { at, connect, type ListOptions } from "../client.ts";
import type { Cli } from "../context.ts";
import { addListOptions } from "../input/listing.ts";
import { fields, plain, table } from "../render.ts";
import { toMachineProfile, toProfile, toProfileSummary } from "../views.ts";

const list = async (cli: Cli, page: ListOptions): Promise<void> => {
  const listing = await (await connect(cli)).list("/v1/profiles", toProfileSummary, page);
  const rows = listing.items.map(({ id, title, confidence, origins }) => [id, title, confidence, origins.join(" ")]);
  await cli.show(listing, table(["id", "title", "confidence", "from"], rows, "There is no profile."));
};

/** One quirk: its value, then why, then what showed it and where it is written. */
const quirkText = (quirk: ProfileQuirk): string => {
  const { protocol, section, key, value, why, evidence, profile, origin, firmware } = quirk;
  const { source, date, firmwareSeen, confidence } = evidence;
  return [
    `\n${protocol}.${section}.${key} = ${JSON.stringify(value)}`,
    `  ${why}`,
    `  ${confidence}, ${date}, firmware ${firmwareSeen}: ${source}`,
    `  in ${profile}.json (${origin}${firmware === undefined ? "" : `, firmware ${firmware}`})`,
    "",
  ]
    .map(plain)
    .join("\n");
};

const quirksText = (quirks: readonly ProfileQuirk[]): string =>
  quirks.length === 0 ? "\nNo quirk acts: the driver's defaults hold.\n" : quirks.map(quirkText).join("");

const show = async (cli: Cli, id: string): Promise<void> => {
  const profile = toProfile(await (await connect(cli)).call("GET", at`/v1/profiles/${id}`));
  const text = fields([
    ["id", profile.id],
    ["title", profile.title],
    ["confidence", profile.confidence],
    ["from", profile.origins.join(" ")],
    ["priority", profile.priority === 0 ? undefined : profile.priority],
    ...profile.rules.map((rule) => ["matches", rule] as const),
    ...profile.notes.map((note) => ["note", note] as const),
  ]);
  await cli.show(profile, `${text}${quirksText(profile.quirks)}`);
};

const explain = async (cli: Cli, machine: string): Promise<void> => {
  const found = toMachineProfile(await (await connect(cli)).call("GET", at`/v1/machines/${machine}/profile`));
  const { identity } = found;
  const text = fields([
    ["machine", found.machine],
    ["vendor", identity.vendor],
    ["product", identity.product],
    ["bmc", [identity.managerModel, identity.firmwareVersion].filter((part) => part !== undefined).join(" ")],
    ["system", [identity.systemManufacturer, identity.systemModel].filter((part) => part !== undefined).join(" ")],
    ["profile", `${found.id}, ${found.title}`],
    ["because", found.rule ?? "no family matches"],
    ["confidence", found.confidence],
    ...found.notes.map((note) => ["note", note] as const),
  ]);
  await cli.show(found, `${text}${quirksText(found.quirks)}`);
};

const check = async (cli: Cli, file: string): Promise<void> => {
  const checked = await cli.work.checkProfile(file);
  const text = fields([
    ["id", checked.id],
    ["title", checked.title],
    ["effect", checked.effect === "adds" ? "adds a family" : "changes a shipped family"],
    ...checked.rules.map((rule) => ["matches", rule] as const),
    ["quirks", checked.quirks],
  ]);
  await cli.show({ ok: true, ...checked }, `The profile is right.\n${text}`);
};

const form = `
A profile is one JSON file, <vendor>/<product>.json, below a folder of profiles:

  schemaVersion  1
  id             vendor/product: the file's path
  title          what people call the family
  confidence     what most of it rests on: code, capture, measured, report, inferred (optional)
  notes          where sources are weak or contradict each other (optional)
  match          rules, any of which is enough; in a rule all tests must hold:
                 vendor, product, oem, managerModel, firmwareText, systemManufacturer, systemModel, each with one of
                 {"equals": x}, {"oneOf": [x, y]}, {"startsWith": [x, y]}, {"matches": "expression"},
                 and firmwareVersion, protocolVersion {"scheme", "from" (inclusive), "below" (exclusive)};
                 score ranks a rule, else the number of its tests
  priority       ranks the family before any score (optional)
  protocols      quirks: protocol, section, key, then
                 {"value", "why", "evidence": {"source", "date", "firmwareSeen", "confidence"}}
  firmware       [{"when": {"scheme", "from", "below"}, "only": {tests as in match}, "protocols"}]: quirks of some
                 firmware, and of some models

Schemes: dotted (7.00.30, v2.72), labelled (a name, then 2.72), dashed (1.10-13), model-generation (17/1.20).
A BMC gets the driver's defaults, then generic, its family and that family's firmware entries, then the same of the
operator's own folder (setting profilesDir), key by key. src/profiles/schema.ts describes the form in full;
src/drivers/<protocol>/quirks has every quirk. A file below Mediabay's own vendors folder is checked as a shipped one,
any other as an operator's.

The check needs no gateway. It ends with 0, or with 78 and every problem: form, unknown quirks and values, a missing
reason or evidence, rules that another profile's may meet at equal rank, and quirks that change nothing.`;

export const define = (command: Command, cli: Cli): void => {
  addListOptions(command.command("list").description("list what BMC families are known")).action((page: ListOptions) =>
    list(cli, page),
  );
  command
    .command("show")
    .description("show a profile: what it matches, its quirks and their evidence")
    .argument("<id>", "vendor/product, or generic")
    .action((id: string) => show(cli, id));
  command
    .command("explain")
    .description("which profile a machine has, which quirks act, and why")
    .argument("<machine>", "name or id")
    .action((machine: string) => explain(cli, machine));
  command
    .command("check")
    .description("check a profile's file, on this host")
    .argument("<file>")
    .addHelpText("after", form)
    .action((file: string) => check(cli, file));
};
