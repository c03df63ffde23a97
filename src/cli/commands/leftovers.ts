// mediabay leftovers [--eject]: media of ours that the gateway knows nothing of any more, as after an older database was put back.
import type { Command } from "commander";
import { liveStates } from "../../core/vocabulary.ts";
import { at, connect, type RestClient } from "../client.ts";
import type { Cli } from "../context.ts";
import { Failure, refusal } from "../failure.ts";
import { collectLabelFilter, parseCount } from "../input/arguments.ts";
import { createView, type ProgressView } from "../progress/view.ts";
import { endOf, operationFailure } from "../progress/wait.ts";
import { plain, table } from "../render.ts";
import { toAccepted, toAttachment, toMachine, toMedia } from "../views.ts";

interface LeftoversOptions {
  readonly label?: readonly string[];
  readonly eject?: boolean;
  readonly concurrency: number;
}

interface Leftover {
  readonly machine: string;
  readonly slot: string;
  readonly ejected: boolean;
}

/** A medium that may be ours or not: it is named, never ejected. */
interface Untold {
  readonly machine: string;
  readonly slot: string;
  readonly why: "no-url" | "other-address";
}

const untoldTexts: Readonly<Record<Untold["why"], string>> = {
  "no-url": "holds a medium that shows no URL: it cannot be told whether it is ours",
  "other-address": "shows a URL like ours under another address: ours from before, or another gateway's",
};

/** What could not be looked at, or not be ejected. */
interface Trouble {
  readonly machine: string;
  readonly code: string;
  readonly detail: string;
}

interface Search {
  readonly client: RestClient;
  readonly eject: boolean;
  readonly leftovers: Leftover[];
  readonly untold: Untold[];
  readonly troubles: Trouble[];
}

const eject = async (client: RestClient, machine: string, slot: string): Promise<void> => {
  const accepted = await client.call("DELETE", at`/v1/machines/${machine}/media/${slot}`);
  const { id } = toAccepted(accepted).operation;
  const operation = await endOf(client, id, new AbortController().signal, () => undefined);
  if (operation.state !== "succeeded") throw operationFailure(operation);
};

type Shown = ReturnType<typeof toMedia>["slots"][number];

const doubtOf = ({ state, attachmentId, alike }: Shown): Untold["why"] | undefined => {
  if (state?.inserted !== true || attachmentId !== undefined) return undefined;
  return alike === true ? "other-address" : state.image === undefined ? "no-url" : undefined;
};

/** What an attachment put there is known, whether its BMC shows it or not. */
const doubt = async ({ client, untold }: Search, machine: string, slots: readonly Shown[]): Promise<void> => {
  const found = slots.flatMap((slot) => {
    const why = doubtOf(slot);
    return why === undefined ? [] : [{ machine, slot: slot.id, why }];
  });
  if (found.length === 0) return;
  const query = { state: liveStates };
  const { items } = await client.list(at`/v1/machines/${machine}/attachments`, toAttachment, { query });
  untold.push(...found.filter(({ slot }) => !items.some((attachment) => attachment.slot === slot)));
};

const look = async (search: Search, machine: string): Promise<void> => {
  const { client, eject: ejects, leftovers, troubles } = search;
  try {
    const { slots } = toMedia(await client.call("GET", at`/v1/machines/${machine}/media`));
    for (const { id: slot, leftover } of slots) {
      if (leftover !== true) continue;
      const found = { machine, slot, ejected: false };
      leftovers.push(found);
      if (!ejects) continue;
      await eject(client, machine, slot);
      found.ejected = true;
    }
    await doubt(search, machine, slots);
  } catch (error) {
    // Of the gateway itself, not of one machine: the others would fail likewise.
    if (!(error instanceof Failure) || error.exit === "unreachable" || error.exit === "access") throw error;
    troubles.push({ machine, code: error.problem.code, detail: error.problem.detail });
  }
};

const lookEverywhere = async (
  search: Search,
  machines: readonly string[],
  concurrency: number,
  view: ProgressView,
): Promise<void> => {
  const left = machines.values();
  let done = 0;
  const work = async (): Promise<void> => {
    for (const machine of left) {
      await look(search, machine);
      done += 1;
      view.progress(`${done} of ${machines.length}`);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
};

const byMachine = (one: { readonly machine: string }, other: { readonly machine: string }): number =>
  one.machine < other.machine ? -1 : one.machine > other.machine ? 1 : 0;

const textOf = ({ eject: ejects, leftovers, untold, troubles }: Search): string => {
  const rows = leftovers.map(({ machine, slot, ejected }) => [machine, slot, ejected]);
  const found = table(["machine", "slot", "ejected"], rows, "No machine that was looked at holds a leftover.");
  const hint = leftovers.length > 0 && !ejects ? "`mediabay leftovers --eject` takes them out.\n" : "";
  const failed = troubles.map(({ machine, code, detail }) => plain(`${machine}: ${code}: ${detail}\n`));
  const doubtful = untold.map(({ machine, slot, why }) => plain(`${machine}: slot ${slot} ${untoldTexts[why]}\n`));
  return `${found}${hint}${doubtful.join("")}${failed.join("")}`;
};

const run = async (cli: Cli, { label = [], eject: ejects = false, concurrency }: LeftoversOptions): Promise<void> => {
  const client = await connect(cli);
  const { items } = await client.list("/v1/machines", toMachine, { query: { label } });
  const search: Search = { client, eject: ejects, leftovers: [], untold: [], troubles: [] };
  const view = await createView(cli);
  const title = `Look into the slots of ${items.length} machine${items.length === 1 ? "" : "s"}`;
  view.stepStarted("look", title);
  try {
    const names = items.map(({ name }) => name);
    await lookEverywhere(search, names, concurrency, view);
    view.stepEnded("look", title, "done");
  } finally {
    await view.close();
  }
  const leftovers = search.leftovers.toSorted(byMachine);
  const untold = search.untold.toSorted(byMachine);
  const troubles = search.troubles.toSorted(byMachine);
  const found = { leftovers, untold, troubles };
  await cli.show({ machines: items.length, ...found }, textOf({ ...search, ...found }));
  const [first] = troubles;
  if (first === undefined) return;
  const count = `${troubles.length} of ${items.length} machines could not be looked at or emptied`;
  throw refusal({ code: first.code, detail: `${count}; the first: ${first.machine}: ${first.detail}` });
};

export const define = (command: Command, cli: Cli): void => {
  command
    .description("look in every machine's slots for media of ours that belong to no attachment any more")
    .option("--label <key[=value]>", "only machines with this label; repeatable, all must match", collectLabelFilter)
    .option("--eject", "take them out")
    .option("--concurrency <count>", "so many machines at a time", parseCount, 8)
    .action((options: LeftoversOptions) => run(cli, options));
};
