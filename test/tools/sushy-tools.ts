// The real sushy-tools emulator as a child process: a Redfish service that we did not write. Fake driver, own folder for
// state and downloads, TLS 1.2 with a certificate made on the spot, Basic authentication.
import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify, stripVTControlCharacters } from "node:util";
import { makeCertificate } from "./certificate.ts";
import { freePort } from "./free-port.ts";
import { venv } from "./venv.ts";

export interface FakeSystem {
  readonly uuid: string;
  readonly name: string;
}

export interface SushyToolsOptions {
  /** Default true. */
  readonly tls?: boolean;
  readonly auth?: { readonly username: string; readonly password: string };
  /** Default: one. */
  readonly systems?: readonly FakeSystem[];
}

export interface SushyTools {
  /** `https://127.0.0.1:port`, without a path. */
  readonly url: string;
  /** PEM, and the file that holds it; absent without TLS. */
  readonly ca?: string;
  readonly caFile?: string;
  readonly auth?: { readonly username: string; readonly password: string };
  readonly systems: readonly FakeSystem[];
  /** The requests it served so far, `METHOD /path status`, in order; without those of this harness. */
  requests(): Promise<readonly string[]>;
  /** Ends the process and deletes everything it wrote. */
  stop(): Promise<void>;
}

const startTries = 3;
const upWithinMs = 20_000;
const pollMs = 50;

/** @throws Error with the emulator's own output when it does not come up */
export const startSushyTools = async (options: SushyToolsOptions = {}): Promise<SushyTools> => {
  const systems = options.systems ?? [{ uuid: randomUUID(), name: "fake" }];
  const folder = await mkdtemp(join(tmpdir(), "mediabay-sushy-"));
  const clear = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const { ca, ...settings } = await writeSettings(folder, options, systems);
    const emulator = await launchUntilUp(folder, ca);
    const stop = async (): Promise<void> => {
      await emulator.end();
      await clear();
    };
    const { url, requests } = emulator;
    return {
      url,
      ...settings,
      ...(ca && { ca }),
      ...(options.auth && { auth: options.auth }),
      systems,
      requests,
      stop,
    };
  } catch (error) {
    await clear();
    throw error;
  }
};

/** Another program may take the port between its choice and its use. */
const launchUntilUp = async (folder: string, ca: string | undefined) => {
  for (let attempt = 1; ; attempt += 1) {
    const emulator = launch(folder, await freePort(), ca);
    if (await emulator.comesUp()) return emulator;
    await emulator.end();
    if (attempt === startTries) throw new Error(`sushy-emulator does not come up:\n${emulator.output()}`);
  }
};

/** Python source, as the emulator wants it; JSON strings, lists and objects of strings are valid Python. */
const writeSettings = async (folder: string, options: SushyToolsOptions, systems: readonly FakeSystem[]) => {
  const file = (name: string): string => join(folder, name);
  await Promise.all([mkdir(file("state")), mkdir(file("tmp"))]);
  const fakes = systems.map(({ uuid, name }) => ({ uuid, name, power_state: "Off", nics: [] }));
  const lines = [
    "SUSHY_EMULATOR_LISTEN_IP = '127.0.0.1'",
    "SUSHY_EMULATOR_FAKE_DRIVER = True",
    `SUSHY_EMULATOR_STATE_DIR = ${JSON.stringify(file("state"))}`,
    `SUSHY_EMULATOR_FAKE_SYSTEMS = ${JSON.stringify(fakes)}`,
  ];
  if (options.auth !== undefined) {
    await writeFile(file("htpasswd"), await htpasswd(options.auth), { mode: 0o600 });
    lines.push(`SUSHY_EMULATOR_AUTH_FILE = ${JSON.stringify(file("htpasswd"))}`);
  }
  const certificate = options.tls === false ? undefined : await makeCertificate(["127.0.0.1"]);
  if (certificate !== undefined) {
    await writeFile(file("cert.pem"), certificate.cert);
    await writeFile(file("key.pem"), certificate.key, { mode: 0o600 });
    lines.push(`SUSHY_EMULATOR_SSL_CERT = ${JSON.stringify(file("cert.pem"))}`);
    lines.push(`SUSHY_EMULATOR_SSL_KEY = ${JSON.stringify(file("key.pem"))}`);
  }
  await writeFile(file("emulator.conf"), `${lines.join("\n")}\n`);
  return certificate === undefined ? {} : { ca: certificate.cert, caFile: file("cert.pem") };
};

/** The emulator takes bcrypt only; the cheapest cost, because it checks it on every request. */
const htpasswd = async ({ username, password }: { username: string; password: string }): Promise<string> => {
  const script = "import bcrypt, sys; print(bcrypt.hashpw(sys.stdin.buffer.read(), bcrypt.gensalt(4)).decode())";
  const running = promisify(execFile)(venv.python, ["-c", script]);
  running.child.stdin?.end(password);
  return `${username}:${(await running).stdout.trim()}\n`;
};

const launch = (folder: string, port: number, ca: string | undefined) => {
  const url = `${ca === undefined ? "http" : "https"}://127.0.0.1:${port}`;
  const child = spawn(venv.sushyEmulator, ["--config", join(folder, "emulator.conf"), "--port", String(port)], {
    env: { ...process.env, TMPDIR: join(folder, "tmp"), PYTHONUNBUFFERED: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const kill = (): boolean => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;

  const comesUp = async (): Promise<boolean> => {
    for (const startedAt = performance.now(); performance.now() - startedAt < upWithinMs; await sleep(pollMs)) {
      if (hasEnded()) return false;
      if (await answers(`${url}/redfish/v1/?harness=0`, ca)) return true;
    }
    return false;
  };

  let marks = 0;
  /** The log comes late; once it shows a request of ours, it shows all that were answered before. */
  const requests = async (): Promise<readonly string[]> => {
    marks += 1;
    const mark = `/redfish/v1/?harness=${marks} `;
    if (!hasEnded() && (await answers(`${url}${mark.trim()}`, ca)))
      while (!hasEnded() && !output.includes(mark)) await sleep(1);
    const lines = [...stripVTControlCharacters(output).matchAll(/"([A-Z]+ \S+) HTTP\/[\d.]+" (\d{3})/gu)];
    return lines.map(([, request, status]) => `${request} ${status}`).filter((line) => !line.includes("?harness="));
  };

  const end = async (): Promise<void> => {
    if (hasEnded()) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  };

  return { url, output: () => output, comesUp, requests, end };
};

const answers = async (url: string, ca: string | undefined): Promise<boolean> => {
  const request = ca === undefined ? getHttp(url, { agent: false }) : getHttps(url, { agent: false, ca });
  return new Promise((resolve) => {
    request.on("error", () => resolve(false));
    request.on("response", (response) => {
      response.resume().on("end", () => resolve(response.statusCode === 200));
    });
  });
};
