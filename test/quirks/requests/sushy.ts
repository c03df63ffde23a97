// What an attach through the sushy library costs in requests, on the same simulated BMCs, counted in their own logs.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { Profiles } from "../../../src/core/ports.ts";
import { venv } from "../../tools/venv.ts";
import { openRig, type Rig, type Stage } from "../rig.ts";

export interface SushyCount {
  /** Until its insert returned. */
  readonly inserted: number;
  /** Until the BMC showed the image, the first look included. */
  readonly verified: number;
  /** Further looks. */
  readonly polls: number;
  /** Whether the host reads, once it starts, what is called inserted. */
  readonly hostReads: boolean;
}

export interface SushyFailure {
  /** The library's exception, and what the BMC's error is called. */
  readonly fails: string;
}

export interface SushyTask {
  readonly fixture: string;
  readonly scheme: string;
}

const told = z.discriminatedUnion("tells", [
  z.object({ tells: z.literal("sleeps"), seconds: z.number() }),
  z.object({ tells: z.literal("inserted") }),
  z.object({ tells: z.literal("verified") }),
  z.object({ tells: z.literal("failed"), why: z.string(), code: z.string() }),
]);

interface Client {
  say(line: object): void;
  /** @throws Error when it says nothing for long, or has ended */
  hear(): Promise<z.output<typeof told>>;
  close(): Promise<void>;
}

/** Nothing here takes long: a BMC's time is not the library's. */
const silenceMs = 60_000;

const startClient = (): Client => {
  const child = spawn(venv.python, [join(import.meta.dirname, "through-sushy.py")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    say: (line) => void child.stdin.write(`${JSON.stringify(line)}\n`),
    async hear() {
      const guard = setTimeout(() => child.kill(), silenceMs);
      try {
        const { done, value } = await lines.next();
        if (done === true) throw new Error("the sushy client said nothing for long, or ended");
        return told.parse(JSON.parse(value));
      } finally {
        clearTimeout(guard);
      }
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
};

const hostReads = async (rig: Rig, digest: string): Promise<boolean> => {
  rig.bmc.setPower("Off");
  await rig.pass(60_000);
  rig.bmc.setPower("On");
  await rig.pass(300_000);
  return (
    rig.bmc
      .bootLog()
      .at(-1)
      ?.media.some(({ sha256 }) => sha256 === digest) === true
  );
};

/** `Base.1.8.ActionParameterMissing` → `ActionParameterMissing`. */
const failureOf = (why: string, code: string): SushyFailure => {
  const name = code.split(".").at(-1) ?? "";
  return { fails: name === "" ? why : `${why}: ${name}` };
};

const drive = async (client: Client, rig: Rig, digest: string): Promise<SushyCount | SushyFailure> => {
  let inserted = 0;
  let polls = 0;
  for (;;) {
    const heard = await client.hear();
    const sent = rig.bmc.requests().length;
    if (heard.tells === "failed") return failureOf(heard.why, heard.code);
    if (heard.tells === "verified")
      return { inserted, verified: sent - polls, polls, hostReads: await hostReads(rig, digest) };
    if (heard.tells === "inserted") inserted = sent;
    if (heard.tells === "sleeps" && inserted > 0) polls += 1;
    if (heard.tells === "sleeps") await rig.pass(heard.seconds * 1000);
    client.say({});
  }
};

const measure = async (
  client: Client,
  stage: Stage,
  profiles: Profiles,
  { fixture, scheme }: SushyTask,
): Promise<SushyCount | SushyFailure> => {
  const rig = await openRig(stage, { fixture, profiles, site: { http: true, knowsCa: true, allow: [] } });
  try {
    const { digest } = stage.records.iso9660;
    const medium = {
      attachmentId: "sushy",
      machineId: "machine",
      digest,
      extension: "iso",
      bmcHost: "127.0.0.1",
    } as const;
    const { url: image } = await rig.deps.publications.publish({ ...medium, schemes: [scheme] });
    client.say({ url: rig.bmc.url, ...rig.bmc.credentials, image });
    return await drive(client, rig, digest);
  } finally {
    await rig.close();
  }
};

/** One Python process for all; by fixture. */
export const measureSushy = async (
  stage: Stage,
  profiles: Profiles,
  tasks: readonly SushyTask[],
): Promise<ReadonlyMap<string, SushyCount | SushyFailure>> => {
  const client = startClient();
  try {
    const outcomes = new Map<string, SushyCount | SushyFailure>();
    for (const task of tasks) outcomes.set(task.fixture, await measure(client, stage, profiles, task));
    return outcomes;
  } finally {
    await client.close();
  }
};
