// A real Swift with a real Keystone, and the same Swift's S3 interface: seven daemons as child processes, data in a folder of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import {
  makeKeystone,
  storageFile,
  swiftPorts,
  type SwiftPlace,
  type SwiftPorts,
  writeSwift,
} from "./swift-settings.ts";

/** What must be installed, for `lacksPeer`. */
export const swiftCommands = ["swift-proxy-server", "swift-object-server", "keystone-manage", "memcached"] as const;

export interface Swift {
  /** `http://127.0.0.1:port/v3` */
  readonly authUrl: string;
  readonly admin: { readonly username: string; readonly password: string; readonly project: string };
  /** The account of the admin's project, and a token for it. */
  readonly accountUrl: string;
  readonly token: string;
  /** Makes the catalog name the account under this URL in this region too. */
  addEndpoint(region: string, proxyUrl: string): Promise<void>;
  /** S3, path style, of another account. */
  readonly s3: { readonly endpoint: string; readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly ports: SwiftPorts;
  /** What the daemons logged last. */
  log(): string;
  stop(): Promise<void>;
}

const startTries = 3;
const upWithinMs = 30_000;
const pollMs = 50;
const adminPassword = "admin-of-the-test";

interface Daemon {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
  output(): string;
  end(): Promise<void>;
}

const launch = (name: string, port: number, command: string, words: readonly string[], environment = {}): Daemon => {
  const child = spawn(command, words, { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output = `${output}${text}`.slice(-8000)));
  const kill = (): boolean => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    // Politely asked, some of them wait for their connections.
    child.kill("SIGKILL");
    await ended;
  };
  return { name, port, child, output: () => output, end };
};

const answers = async (url: string): Promise<boolean> => {
  try {
    const { status, body } = await fetch(url, { headers: { connection: "close" } });
    await body?.cancel();
    return status < 500;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
};

/** @throws Error when it ends or does not answer in time */
const comesUp = async ({ name, port, child, output }: Daemon, path: string): Promise<void> => {
  for (const startedAt = performance.now(); performance.now() - startedAt < upWithinMs; await sleep(pollMs)) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    if (await answers(`http://127.0.0.1:${port}${path}`)) return;
  }
  throw new Error(`${name} does not come up:\n${output()}`);
};

const startDaemons = async (place: SwiftPlace, daemons: Daemon[]): Promise<void> => {
  const { folder, ports } = place;
  const start = (...words: Parameters<typeof launch>): Daemon => {
    const daemon = launch(...words);
    daemons.push(daemon);
    return daemon;
  };
  const memory = ["-l", "127.0.0.1", "-p", String(ports.memcached), "-U", "0", "-m", "16", "-u", userInfo().username];
  start("memcached", ports.memcached, "memcached", memory);
  await Promise.all([makeKeystone(place), writeSwift(place)]);
  const swift = (name: "account" | "container" | "object" | "proxy" | "s3") => {
    const kind = name === "s3" ? "proxy" : name;
    return start(name, ports[name], `swift-${kind}-server`, [storageFile(folder, name)]);
  };
  const servers = (["account", "container", "object", "proxy", "s3"] as const).map(swift);
  const identity = ["--host", "127.0.0.1", "--port", String(ports.keystone)];
  const keystone = start("keystone", ports.keystone, "keystone-wsgi-public", identity, {
    OS_KEYSTONE_CONFIG_DIR: folder,
  });
  await Promise.all([comesUp(keystone, "/v3"), ...servers.map((server) => comesUp(server, "/healthcheck"))]);
};

const logIn = async (authUrl: string): Promise<{ readonly token: string; readonly projectId: string }> => {
  const domain = { name: "Default" };
  const identity = {
    methods: ["password"],
    password: { user: { name: "admin", domain, password: adminPassword } },
  };
  const answer = await fetch(`${authUrl}/auth/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ auth: { identity, scope: { project: { name: "admin", domain } } } }),
  });
  const { token } = (await answer.json()) as { token: { project: { id: string } } };
  return { token: answer.headers.get("x-subject-token") ?? "", projectId: token.project.id };
};

const post = async (url: string, token: string, body: unknown): Promise<unknown> => {
  const headers = { "content-type": "application/json", "x-auth-token": token };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  if (answer.status !== 201) throw new Error(`Keystone answered ${answer.status} to ${url}`);
  return answer.json();
};

const registerSwift = async (authUrl: string, token: string) => {
  const body = { service: { type: "object-store", name: "swift" } };
  const { service } = (await post(`${authUrl}/services`, token, body)) as { service: { id: string } };
  return async (region: string, proxyUrl: string): Promise<void> => {
    const url = `${proxyUrl}/v1/AUTH_$(project_id)s`;
    await post(`${authUrl}/endpoints`, token, {
      endpoint: { service_id: service.id, interface: "public", region, url },
    });
  };
};

const startOnce = async (): Promise<Swift> => {
  const folder = await mkdtemp(join(tmpdir(), "mediabay-swift-"));
  const daemons: Daemon[] = [];
  const lines: string[] = [];
  const listener = createSocket("udp4", (message) => {
    lines.push(message.toString());
    if (lines.length > 20) lines.shift();
  });
  const stop = async (): Promise<void> => {
    await Promise.all(daemons.map((daemon) => daemon.end()));
    await new Promise<void>((resolve) => listener.close(resolve));
    await rm(folder, { recursive: true, force: true });
  };
  await new Promise<void>((resolve) => listener.bind(0, "127.0.0.1", resolve));
  try {
    const chosen = await Promise.all(swiftPorts.map(async (name) => [name, await freePort()] as const));
    const ports = Object.fromEntries(chosen) as Record<(typeof swiftPorts)[number], number>;
    const logPort = listener.address().port;
    await startDaemons({ folder, ports, logPort, adminPassword }, daemons);
    const authUrl = `http://127.0.0.1:${ports.keystone}/v3`;
    const proxyUrl = `http://127.0.0.1:${ports.proxy}`;
    const { token, projectId } = await logIn(authUrl);
    const addEndpoint = await registerSwift(authUrl, token);
    await addEndpoint("R1", proxyUrl);
    return {
      authUrl,
      admin: { username: "admin", password: adminPassword, project: "admin" },
      accountUrl: `${proxyUrl}/v1/AUTH_${projectId}`,
      token,
      addEndpoint,
      s3: { endpoint: `http://127.0.0.1:${ports.s3}`, accessKeyId: "test:tester", secretAccessKey: "testing" },
      ports,
      log: () => lines.join("\n"),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** Takes half a minute. Another program may take a port between its choice and its use: then all is begun again. */
export const startSwift = async (): Promise<Swift> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce();
    } catch (error) {
      if (attempt === startTries) throw error;
    }
  }
};
