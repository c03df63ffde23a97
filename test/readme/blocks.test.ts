// The README's blocks for curl and for sushy-tools run as they are written, but for addresses, tokens and folders.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { startOrigin } from "../../src/simulators/origin.ts";
import { startRedfishSimulator } from "../../src/simulators/redfish/index.ts";
import { freePort } from "../tools/free-port.ts";
import { lacksPeer } from "../tools/peers.ts";
import { startTestService } from "../tools/service.ts";
import { readReadme } from "./document.ts";
import { blocksOf } from "./quoted.ts";

const root = join(import.meta.dirname, "../..");

const blockWith = (mark: string): string => {
  const found = blocksOf(readReadme(), "sh").filter((block) => block.includes(mark));
  expect(found).toHaveLength(1);
  return found[0] ?? "";
};

/** Replaces what must differ here; each is in the block at least once. */
const adapt = (block: string, replacements: Readonly<Record<string, string>>): string =>
  Object.entries(replacements).reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replaceAll(from, to);
  }, block);

const killGroup = (pid: number): void => {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
};

/** In a group of its own: what the script leaves running is killed when it ends, or when the test does. */
const runBash = async (script: string, env: Readonly<Record<string, string>> = {}) => {
  const child = spawn("bash", ["-e"], { cwd: root, env: { ...process.env, ...env }, detached: true });
  await once(child, "spawn");
  const { pid } = child;
  if (pid === undefined) throw new Error("bash has no process id");
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) killGroup(pid);
  });
  const written = Promise.all([readAll(child.stdout), readAll(child.stderr)]);
  child.stdin.end(script);
  const [code] = (await once(child, "exit")) as [number | null];
  killGroup(pid);
  const [stdout, stderr] = await written;
  return { code, stdout, stderr };
};

test.skipIf(lacksPeer("curl"))("every call of the block for curl is answered with success", async () => {
  const image = await readFile(join(root, "fixtures/configdrive/config-2.iso"));
  const bmc = await startRedfishSimulator();
  onTestFinished(() => bmc.close());
  const origin = await startOrigin({ files: { "node-17.iso": image } });
  onTestFinished(() => origin.close());
  const service = await startTestService();
  onTestFinished(() => service.close());
  const script = adapt(blockWith("curl -s -H"), {
    "$(cat /var/lib/mediabay/admin.token)": service.token,
    "http://127.0.0.1:8480": service.running.controlUrl,
    "https://10.0.5.17": bmc.url,
    "https://images.example/node-17.iso": origin.urlOf("node-17.iso"),
    '"https://images.example"': `"${new URL(origin.urlOf("node-17.iso")).origin}"`,
    '"admin"': `"${bmc.credentials.username}"`,
    '"…"': `"${bmc.credentials.password}"`,
    "curl -s": "curl -sS -o /dev/null -w '%{http_code} '",
  });
  expect(await runBash(script)).toEqual({ code: 0, stdout: "201 200 200 200 200 200 200 200 200 ", stderr: "" });
  expect(bmc.effectiveInserts()).toBe(3);
  expect(bmc.effectiveEjects()).toBe(3);
});

describe.skipIf(lacksPeer(".venv", "curl"))("the block for sushy-tools", () => {
  test("attaches and detaches, and leaves nothing running", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mediabay-readme-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const [bmc, origin, control] = [await freePort(), await freePort(), await freePort()];
    const script = adapt(blockWith("sushy-emulator"), {
      "python3 -m venv .venv && .venv/bin/pip install 'sushy-tools>=2.2'": ":",
      "/tmp/": `${folder}/`,
      "8002": String(bmc),
      "8003": String(origin),
      "127.0.0.1:8480": `127.0.0.1:${control}`,
      "npx mediabay": "node src/mediabay.mjs",
    });
    const ended = await runBash(`${script}\nwait`, {
      MEDIABAY_CONTROL_PORT: String(control),
      MEDIABAY_URL: `http://127.0.0.1:${control}`,
      MEDIABAY_IMAGE_PLANE_HTTP_PORT: "0",
    });
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/ is detached from vm\.$/mu) });
    expect(ended.stdout.match(/^state +attached$/gmu)).toHaveLength(2);
  }, 60_000);
});
