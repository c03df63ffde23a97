// The whole service in this process, in a temporary folder, spoken to by REST as anybody would.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServeOptions } from "../../src/service/building.ts";
import { type Running, startMediabay } from "../../src/service/start.ts";
import { loadSettings } from "../../src/settings/load.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface TestService {
  readonly running: Running;
  readonly stateDir: string;
  readonly token: string;
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** POST or DELETE that is waited for. */
  work(method: string, path: string, body?: unknown): Promise<Answer>;
  close(): Promise<void>;
}

export const shippedVendors = fileURLToPath(new URL("../../vendors", import.meta.url));

export const startTestService = async (
  settings: Readonly<Record<string, string>> = {},
  options: Partial<ServeOptions> = {},
): Promise<TestService> => {
  const folder = await mkdtemp(join(tmpdir(), "mediabay-service-"));
  const stateDir = join(folder, "state");
  const set = Object.entries({
    stateDir,
    "control.port": "0",
    "imagePlane.http.host": "127.0.0.1",
    "imagePlane.http.port": "0",
    "sources.allow": "127.0.0.0/8",
    "log.level": "silent",
    ...settings,
  }).map(([path, value]) => ({ path, value, flag: "test" }));
  const loaded = loadSettings({ env: {}, readFile: () => "", flags: { config: "test", set } });
  const running = await startMediabay(loaded, { version: "0.0.0-test", vendorsDir: shippedVendors, ...options });
  const token = (await readFile(running.tokenFile, "utf8")).trim();

  const call: TestService["call"] = async (method, path, body, headers = {}) => {
    const answer = await fetch(running.controlUrl + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text === "" ? {} : JSON.parse(text) };
  };
  return {
    running,
    stateDir,
    token,
    call,
    work: (method, path, body) => call(method, path, body, { prefer: "wait=60" }),
    close: async () => {
      await running.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
