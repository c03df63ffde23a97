// A gateway in a process of its own that can be told to die at a given commit: the subject of the crash tests.
// Reads its orders from the environment and answers one JSON line a fact on standard output.
import { loadSettings } from "../../src/settings/load.ts";
import { startMediabay } from "../../src/service/start.ts";

export interface Orders {
  readonly stateDir: string;
  readonly imagePort: number;
  readonly vendorsDir: string;
  readonly actions: readonly ("register" | "attach" | "replace" | "detach" | "settle")[];
  /** Dies at this commit of the last action, counted from 1. */
  readonly die?: { readonly at: number; readonly when: "before" | "after" };
  readonly bmc: { readonly url: string; readonly username: string; readonly password: string };
  readonly imageUrl: string;
  /** Of the image that replaces it. */
  readonly otherUrl?: string;
}

export interface Fact {
  readonly ready?: string;
  /** Commits of the last action. */
  readonly commits?: number;
  readonly attachments?: readonly { readonly id: string; readonly state: string; readonly digest?: string }[];
  readonly operations?: readonly {
    readonly kind: string;
    readonly state: string;
    /** Each step's name and state, in order. */
    readonly steps: readonly string[];
    readonly error?: string;
  }[];
}

const orders = JSON.parse(process.env["ORDERS"] ?? "{}") as Orders;
const tell = (fact: Fact): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);

let armed = false;
let counted = 0;
const onCommit = (when: "before" | "after"): void => {
  if (!armed) return;
  if (when === "before") counted += 1;
  if (orders.die?.at === counted && orders.die.when === when) process.kill(process.pid, "SIGKILL");
};

const settings = loadSettings({
  env: {},
  readFile: () => "",
  flags: {
    config: "orders",
    set: Object.entries({
      stateDir: orders.stateDir,
      "control.port": "0",
      "imagePlane.http.host": "127.0.0.1",
      "imagePlane.http.port": String(orders.imagePort),
      "sources.allow": "127.0.0.0/8",
      "log.level": "silent",
    }).map(([path, value]) => ({ path, value, flag: "orders" })),
  },
});

const machine = "subject";
const actor = { name: "test", role: "admin" } as const;
const running = await startMediabay(settings, { version: "0.0.0-test", vendorsDir: orders.vendorsDir, onCommit });
const { gateway } = running;
const unended = ["queued", "running", "compensating"] as const;

const settle = async (): Promise<void> => {
  for (;;) {
    const { items } = await gateway.listOperations({ limit: 10 }, { states: unended });
    const [first] = items;
    if (first === undefined) return;
    await gateway.waitOperation(first.id, 30_000);
  }
};

const act = {
  register: async () => {
    const { url: address, ...credentials } = orders.bmc;
    await gateway.createMachine({ name: machine, endpoints: [{ address, credentials }] }, { actor });
  },
  attach: async () => {
    const request = { source: { kind: "uri", uri: orders.imageUrl }, boot: "once" } as const;
    const { operation } = await gateway.attach(machine, request, { actor, idempotencyKey: "attach-1" });
    await gateway.waitOperation(operation.id, 30_000);
  },
  replace: async () => {
    const [attachment] = (await gateway.listAttachments({ limit: 1 })).items;
    const source = { kind: "uri", uri: orders.otherUrl ?? orders.imageUrl } as const;
    const options = { actor, idempotencyKey: "replace-1" };
    const { operation } = await gateway.replace(attachment?.id ?? "", { source }, options);
    await gateway.waitOperation(operation.id, 30_000);
  },
  detach: async () => {
    const { operation } = await gateway.detach(machine, undefined, { actor, idempotencyKey: "detach-1" });
    await gateway.waitOperation(operation.id, 30_000);
  },
  settle,
} as const;

for (const [index, action] of orders.actions.entries()) {
  armed = index === orders.actions.length - 1;
  await act[action]();
}
armed = false;
const attachments = await gateway.listAttachments({ limit: 10 });
const operations = await gateway.listOperations({ limit: 10 });
tell({
  commits: counted,
  attachments: attachments.items.map(({ id, state, digest }) => ({
    id,
    state,
    ...(digest !== undefined && { digest }),
  })),
  operations: operations.items.map(({ kind, state, steps, error }) => ({
    kind,
    state,
    steps: steps.map((step) => `${step.name.split(" ")[0] ?? ""} ${step.state}`),
    ...(error && { error: `${error.code} ${error.message}` }),
  })),
});
process.stdin.resume();
process.stdin.once("end", () => void running.close());
tell({ ready: running.controlUrl });
