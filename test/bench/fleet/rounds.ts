// What an operator does with a whole fleet by REST: register, attach everywhere, wait, detach everywhere.
import type { Bmc } from "./bmcs.ts";

export interface RestClient {
  call(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }>;
}

/** How one machine's operation went. */
export interface Turn {
  readonly machine: string;
  readonly family: string;
  readonly state: string;
  /** `CODE message` of what failed. */
  readonly error?: string;
  /** From its acceptance to its turn. */
  readonly queuedMs: number;
  readonly tookMs: number;
  /** From the round's beginning to its end. */
  readonly endedMs: number;
}

/** One operation on every machine. */
export interface Round {
  readonly wallMs: number;
  readonly turns: readonly Turn[];
}

interface OperationView {
  readonly machineName: string;
  readonly kind: string;
  readonly state: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
}

const submissionsAtOnce = 16;
const pollMs = 200;

const must = async (client: RestClient, method: string, path: string, body?: object) => {
  const answer = await client.call(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};

const forEach = async <T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> => {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: submissionsAtOnce }, worker));
};

export const registerAll = (client: RestClient, bmcs: readonly Bmc[]): Promise<void> =>
  forEach(bmcs, ({ name, family, url: address, credentials }) =>
    must(client, "POST", "/v1/machines", { name, labels: { family }, endpoints: [{ address, credentials }] }),
  );

const untilAllEnded = async (client: RestClient): Promise<void> => {
  for (;;) {
    const { items } = await must(client, "GET", "/v1/operations?state=queued,running,compensating&limit=1");
    if ((items as readonly unknown[]).length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
};

const listOperations = async (client: RestClient, kind: string): Promise<readonly OperationView[]> => {
  const found: OperationView[] = [];
  let after = "";
  do {
    const page = await must(client, "GET", `/v1/operations?limit=1000${after}`);
    found.push(...(page["items"] as readonly OperationView[]).filter((operation) => operation.kind === kind));
    after = typeof page["next"] === "string" ? `&after=${encodeURIComponent(page["next"])}` : "";
  } while (after !== "");
  return found;
};

const turnOf = (operation: OperationView, family: string, beganAt: number): Turn => {
  const { machineName: machine, state, error, createdAt } = operation;
  const endedAt = Date.parse(operation.endedAt ?? "");
  const startedAt = Date.parse(operation.startedAt ?? operation.endedAt ?? "");
  return {
    machine,
    family,
    state,
    ...(error === undefined ? {} : { error: `${error.code} ${error.message}` }),
    queuedMs: startedAt - Date.parse(createdAt),
    tookMs: endedAt - startedAt,
    endedMs: endedAt - beganAt,
  };
};

const goRound = async (
  client: RestClient,
  bmcs: readonly Bmc[],
  kind: "attach" | "detach",
  submit: (bmc: Bmc) => Promise<unknown>,
): Promise<Round> => {
  const families = new Map(bmcs.map(({ name, family }) => [name, family]));
  const beganAt = Date.now();
  const began = performance.now();
  await forEach(bmcs, submit);
  await untilAllEnded(client);
  const wallMs = performance.now() - began;
  const operations = await listOperations(client, kind);
  return {
    wallMs,
    turns: operations.flatMap((operation) => {
      const family = families.get(operation.machineName);
      return family === undefined ? [] : [turnOf(operation, family, beganAt)];
    }),
  };
};

export const attachAll = (client: RestClient, bmcs: readonly Bmc[], uri: string): Promise<Round> =>
  goRound(client, bmcs, "attach", ({ name }) =>
    must(client, "POST", `/v1/machines/${name}/attachments`, { source: { uri } }),
  );

export const detachAll = (client: RestClient, bmcs: readonly Bmc[]): Promise<Round> =>
  goRound(client, bmcs, "detach", ({ name }) => must(client, "DELETE", `/v1/machines/${name}/attachments`));
