// The REST side on a real socket, over the fake gateway, with what it logs kept for inspection.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Log, TokenStore } from "../../src/core/ports.ts";
import type { TokenRecord } from "../../src/core/records.ts";
import type { Role } from "../../src/core/vocabulary.ts";
import { MediabayError } from "../../src/core/errors.ts";
import { createRestServer } from "../../src/rest/server.ts";
import type { RestOptions } from "../../src/rest/server.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { createFakeGateway } from "./fake-gateway.ts";
import type { FakeGateway } from "./fake-gateway.ts";
import { ManualClock } from "./manual-clock.ts";

export const tokenOf = (role: Role): string => `mb_${role}_${"secretsecret".repeat(3)}`;
/** What the fake store answers when a token is made. */
export const madeToken = "mb_new_token_of_forty_three_characters_xxxxx";

const createFakeTokens = (): TokenStore & { readonly asked: string[] } => {
  const records = new Map(
    (["reader", "operator", "admin"] as const).map((role): [string, TokenRecord] => [
      tokenOf(role),
      { id: `t-${role}`, name: `${role}-token`, role, createdAt: 0, lastUsedAt: 1000 },
    ]),
  );
  const asked: string[] = [];
  return {
    asked,
    create: async (name, role) => {
      const record: TokenRecord = { id: "t-new", name, role, createdAt: 0 };
      records.set(madeToken, record);
      return { token: madeToken, record };
    },
    find: async (token) => {
      asked.push(token);
      return records.get(token);
    },
    list: async () => [...records.values()],
    renew: async () => {
      throw new MediabayError("NOT_FOUND", "Nobody renews a token over REST.");
    },
    remove: async (id) => {
      const found = [...records].find(([, record]) => record.id === id);
      if (!found) throw new MediabayError("NOT_FOUND", "There is no such token.");
      records.delete(found[0]);
    },
  };
};

export interface Call {
  readonly role?: Role | undefined;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, as JSON unless `headers` say otherwise. */
  readonly text?: string | Uint8Array<ArrayBuffer>;
  readonly signal?: AbortSignal;
}

export interface TestRest extends AsyncDisposable {
  readonly url: string;
  readonly clock: ManualClock;
  readonly gateway: FakeGateway;
  readonly tokens: ReturnType<typeof createFakeTokens>;
  readonly app: ReturnType<typeof createRestServer>["app"];
  /** Every log line so far. */
  readonly lines: string[];
  /** As operator unless `role` says otherwise; `role: undefined` sends no token. */
  call(path: string, call?: Call): Promise<Response>;
  /** As `close` of the server under test. */
  close(): void;
}

type Overrides = Partial<Pick<RestOptions, "ready" | "metrics">> & {
  readonly settings?: Partial<RestOptions["settings"]>;
};

export const startRest = async (overrides: Overrides = {}): Promise<TestRest> => {
  const clock = new ManualClock();
  const gateway = createFakeGateway(clock);
  const tokens = createFakeTokens();
  const lines: string[] = [];
  const log: Log = createLog({ level: "debug", clock, stream: { write: (line) => void lines.push(line) } });
  const rest = createRestServer({
    gateway,
    tokens,
    log,
    clock,
    metrics: { contentType: "text/plain; version=0.0.4", text: async () => "mediabay_machines 1\n" },
    ready: async () => ({ ready: true, checks: { store: true } }),
    ...overrides,
    settings: { version: "0.0.0", metricsPublic: false, ...overrides.settings },
  });
  const server = createServer(rest.app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    clock,
    gateway,
    tokens,
    lines,
    app: rest.app,
    close: rest.close,
    call: (path, call = {}) => {
      const role = "role" in call ? call.role : "operator";
      const text = call.text ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
      return fetch(`${url}${path}`, {
        method: call.method ?? "GET",
        headers: {
          ...(role && { authorization: `Bearer ${tokenOf(role)}` }),
          ...(text !== undefined && { "content-type": "application/json" }),
          ...call.headers,
        },
        ...(text !== undefined && { body: text }),
        ...(call.signal && { signal: call.signal }),
      });
    },
    [Symbol.asyncDispose]: async () => {
      rest.close();
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
};

export const jsonOf = async (response: Response): Promise<Record<string, unknown>> => {
  const value: unknown = await response.json();
  return value as Record<string, unknown>;
};
