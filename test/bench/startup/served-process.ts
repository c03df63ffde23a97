// `mediabay serve` as a process of its own, started as an operator starts it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { cpuTime } from "../process-cpu.ts";

export interface ServedProcess {
  /** Base of the REST side. */
  readonly url: string;
  /** From the spawn to `ready` in its log, with which `/readyz` agrees. */
  readonly readyMs: number;
  /** CPU time until then. */
  readonly readyCpuMs: number;
  /** Resident set, in bytes. */
  residentBytes(): Promise<number>;
  stop(): Promise<void>;
}

const program = join(import.meta.dirname, "../../../src/mediabay.mjs");
const settings = { "control.port": "0", "imagePlane.http.port": "0", "imagePlane.http.host": "127.0.0.1" };

const residentBytes = async (pid: number): Promise<number> => {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/mu.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) * 1024;
};

/** Where the control plane listens, from the log; undefined when the log ends before it says so. */
const awaitReady = async (log: Readable): Promise<string | undefined> => {
  for await (const line of createInterface(log)) {
    const { msg, control } = JSON.parse(line) as { readonly msg?: string; readonly control?: string };
    if (msg === "ready") return control;
  }
  return undefined;
};

/** `temporary` stands for /tmp, where Node keeps what it has compiled for the next start. @throws Error when it does not become ready */
export const startServe = async (stateDir: string, temporary: string): Promise<ServedProcess> => {
  const set = Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const startedAt = performance.now();
  const child = spawn(process.execPath, [program, "serve", "--state-dir", stateDir, ...set], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TMPDIR: temporary },
  });
  const ended = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  const url = await awaitReady(child.stdout);
  const readyMs = performance.now() - startedAt;
  const pid = child.pid ?? 0;
  const { userMicros, kernelMicros } = await cpuTime(pid);
  // A log that nobody reads would stop the service.
  child.stdout.resume();
  if (url !== undefined && (await fetch(`${url}/readyz`)).ok) {
    return {
      url,
      readyMs,
      readyCpuMs: (userMicros + kernelMicros) / 1000,
      residentBytes: () => residentBytes(pid),
      stop,
    };
  }
  await stop();
  throw new Error("mediabay serve did not become ready");
};
