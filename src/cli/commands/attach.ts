// mediabay attach MACHINE URI
import { type Command, Option } from "commander";
import {
  attachmentRoles,
  type DetachTime,
  detachTimes,
  resetTypes,
  type AttachmentRole,
} from "../../core/vocabulary.ts";
import { at, connect } from "../client.ts";
import type { Cli } from "../context.ts";
import { usage } from "../failure.ts";
import { parseCount, parseDigest, parseDuration } from "../input/arguments.ts";
import { addSourceOptions, readSource, sourceHelp, type SourceOptions } from "../input/source.ts";
import { addWorkOptions, finish, type WorkOptions } from "../progress/accepted.ts";
import { toAccepted } from "../views.ts";
import { attachmentText } from "./attachment-text.ts";

interface AttachOptions extends WorkOptions, SourceOptions {
  readonly as?: AttachmentRole;
  readonly boot?: "once" | "continuous" | "none";
  readonly reset?: string | true;
  readonly digest?: string;
  readonly slot?: string;
  readonly force?: boolean;
  readonly readWithin?: number;
  readonly expires?: number;
  readonly fullReads?: number;
  readonly oneTime?: boolean;
  readonly onlyBmc?: boolean;
  readonly detachOn?: DetachTime;
  readonly detachAfter?: number;
  readonly expectAgent?: boolean;
}

const readReset = (reset: string | true): string | true => {
  if (reset === true || resetTypes.some((type) => type === reset)) return reset;
  // The URI may have been taken for the type, so what was typed is not repeated.
  throw usage(
    "--reset was given something that is no reset type.",
    `Write it last, or --reset=TYPE with one of ${resetTypes.join(", ")}.`,
  );
};

const termsOf = ({ expires, fullReads, oneTime, onlyBmc }: AttachOptions): object | undefined => {
  if (oneTime === true && fullReads !== undefined) throw usage("--one-time is --full-reads 1: give one of them.");
  const terms = {
    ...(expires === undefined ? {} : { expiresInMs: expires }),
    ...(oneTime === true ? { fullReads: 1 } : {}),
    ...(fullReads === undefined ? {} : { fullReads }),
    ...(onlyBmc === undefined ? {} : { onlyBmc }),
  };
  return Object.keys(terms).length === 0 ? undefined : terms;
};

const detachRuleOf = ({ detachOn: at, detachAfter: afterMs }: AttachOptions): object | undefined => {
  if (afterMs !== undefined && at !== "timer" && at !== "read")
    throw usage("--detach-after goes with --detach-on timer or --detach-on read.");
  if (at === "timer" && afterMs === undefined)
    throw usage("--detach-on timer needs --detach-after DURATION beside it.");
  return at === undefined ? undefined : { at, ...(afterMs === undefined ? {} : { afterMs }) };
};

const bodyOf = (options: AttachOptions): Readonly<Record<string, unknown>> => {
  const { as, boot, reset, digest, slot, force, readWithin, expectAgent, deadline } = options;
  const terms = termsOf(options);
  const detachOn = detachRuleOf(options);
  return {
    ...(as === undefined ? {} : { role: as }),
    ...(boot === undefined ? {} : { boot }),
    ...(reset === undefined ? {} : { reset: readReset(reset) }),
    ...(digest === undefined ? {} : { digest }),
    ...(slot === undefined ? {} : { slot }),
    ...(force === undefined ? {} : { force }),
    ...(readWithin === undefined ? {} : { readWithinMs: readWithin }),
    ...(terms === undefined ? {} : { terms }),
    ...(detachOn === undefined ? {} : { detachOn }),
    ...(expectAgent === undefined ? {} : { expectAgent }),
    ...(deadline === undefined ? {} : { deadlineMs: deadline }),
  };
};

const addLifeOptions = (command: Command): Command =>
  command
    .option("--expires <duration>", "serve it no longer than this", parseDuration)
    .option("--full-reads <count>", "serve it no more after so many full reads", parseCount)
    .option("--one-time", "serve it no more after one full read")
    .option("--only-bmc", "serve it to this BMC's addresses only, whatever the settings say")
    .addOption(new Option("--detach-on <when>", "detach it by itself (default never)").choices(detachTimes))
    .option("--detach-after <duration>", "timer: after the attach; read: after the last read", parseDuration)
    .option("--expect-agent", "a deploy agent may run here: refuse a config drive unless the machine is off");

export const define = (command: Command, cli: Cli): void => {
  command
    .argument("<machine>", "name or id")
    .argument("[uri]", sourceHelp)
    .addOption(new Option("--as <role>", "what it is for (default configdrive)").choices(attachmentRoles))
    .addOption(
      new Option("--boot <how>", "boot from it (default: once as boot, none as configdrive)").choices([
        "once",
        "continuous",
        "none",
      ]),
    )
    .option("--reset [type]", "reset the machine at the end: ForceRestart, or On when it is off, or the given type")
    .option("--digest <sha256>", "refuse bytes with another SHA-256", parseDigest)
    .option("--slot <id>", "this slot instead of the automatic choice")
    .option("--force", "replace somebody else's medium in the slot")
    .option("--read-within <duration>", "after a reset: fail when the BMC has read nothing by then", parseDuration)
    .option("--deadline <duration>", "give up and undo after this long (default 10m)", parseDuration);
  addWorkOptions(addLifeOptions(addSourceOptions(command))).action(
    async (machine: string, uri: string | undefined, options: AttachOptions) => {
      const body = { ...bodyOf(options), source: await readSource(cli, uri, options) };
      const client = await connect(cli);
      const { idempotencyKey } = options;
      const accepted = toAccepted(
        await client.call("POST", at`/v1/machines/${machine}/attachments`, { body, idempotencyKey }),
      );
      await finish(cli, client, accepted, options, ({ attachment }) =>
        attachment === undefined ? "" : attachmentText(attachment),
      );
    },
  );
};
