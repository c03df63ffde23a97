// The two clients whose attaches are counted. Each starts knowing nothing of the machine, attaches twice and ejects between.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startTestService, type TestService } from "../../tools/service.ts";
import { venv } from "../../tools/venv.ts";
import type { Count, Target } from "./targets.ts";

/** One way to attach. */
export interface Manner {
  readonly client: "Mediabay" | "sushy";
  readonly verify: boolean;
  readonly boot: boolean;
}

export interface Pair {
  /** Nothing is known of the machine. */
  readonly cold: Count;
  /** The same once more: what was learnt is used. */
  readonly warm: Count;
}

interface Client {
  attach(): Promise<void>;
  eject(): Promise<void>;
  /** Afterwards no connection is open, and what was learnt is still known. */
  disconnect(): Promise<void>;
  close(): Promise<void>;
}

const mustSucceed = (status: number, body: unknown): void => {
  if (status >= 300) throw new Error(`Mediabay answered ${status}: ${JSON.stringify(body)}`);
};

/** Its connection to the BMC would stay open for another 20 s: a restart ends it. */
const startMediabay = async (target: Target, image: string, { boot }: Manner): Promise<Client> => {
  const folder = await mkdtemp(join(tmpdir(), "mediabay-bench-"));
  const start = (): Promise<TestService> => startTestService({ stateDir: join(folder, "state") });
  let service = await start();
  const attachments = "/v1/machines/bench/attachments";
  const work = async (method: string, path: string, body?: object): Promise<void> => {
    const answer = await service.work(method, path, body);
    mustSucceed(answer.status, answer.body);
  };
  const endpoints = [{ address: target.url, credentials: target.credentials }];
  await work("POST", "/v1/machines", { name: "bench", endpoints });
  return {
    attach: () => work("POST", attachments, { source: { uri: image }, boot: boot ? "once" : "none" }),
    eject: () => work("DELETE", attachments),
    async disconnect() {
      await service.close();
      service = await start();
    },
    async close() {
      await service.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** It asks for `Connection: close` with each request. */
const startSushy = async (target: Target, image: string, { verify, boot }: Manner): Promise<Client> => {
  const child = spawn(venv.python, [join(import.meta.dirname, "sushy-attach.py")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  const tell = (line: object): void => void child.stdin.write(`${JSON.stringify(line)}\n`);
  const step = async (line: object): Promise<void> => {
    tell(line);
    if ((await answers.next()).done === true) throw new Error("the sushy client failed; standard error says why");
  };
  tell({ url: target.url, ...target.credentials });
  return {
    attach: () => step({ do: "attach", image, verify, boot }),
    eject: () => step({ do: "eject" }),
    disconnect: () => Promise.resolve(),
    async close() {
      child.stdin.end();
      await ended;
    },
  };
};

export const attachTwice = async (target: Target, image: string, manner: Manner): Promise<Pair> => {
  const start = manner.client === "Mediabay" ? startMediabay : startSushy;
  const client = await start(target, image, manner);
  try {
    const cold = await target.count(() => client.attach());
    await client.eject();
    await client.disconnect();
    const warm = await target.count(() => client.attach());
    await client.eject();
    return { cold, warm };
  } finally {
    await client.close();
  }
};
