// What the command line does on this host alone: serve, unit, completion, key, demo, version.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createCli } from "../../src/cli/cli.ts";
import { startMediabay } from "../../src/service/start.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { hiddenPath, systemdUnit } from "../../src/cli/systemd-unit.ts";
import { shippedVendors } from "../tools/service.ts";
import { hurriedClock, run, start, temporaryFolder } from "./run.ts";

const installed = (program: string): boolean => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;

describe("serve", () => {
  test("hands the settings over: flags over environment over file", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "m.yaml"), "control: {host: 127.0.0.2, port: 1}\nlog: {level: debug}\n");
    const { code, stdout } = await run(
      [
        "serve",
        "--config",
        join(folder, "m.yaml"),
        "--state-dir",
        folder,
        "--port",
        "3",
        "--set",
        "images.maxBytes=1GiB",
      ],
      {
        env: { MEDIABAY_CONTROL_PORT: "2", MEDIABAY_CONTROL_HOST: "127.0.0.3" },
      },
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      stateDir: folder,
      control: { host: "127.0.0.3", port: 3 },
      log: { level: "debug" },
      images: { maxBytes: 1_073_741_824 },
    });
  });

  test("--check ends with 0 and serves nothing", async () => {
    expect(await run(["serve", "--check"])).toEqual({ code: 0, stdout: "The settings are right.\n", stderr: "" });
  });

  test("--check lists every problem with where it came from, and ends with 78", async () => {
    const argv = ["serve", "--check", "--port", "http", "--set", "nope=1"];
    const { code, stdout, stderr } = await run(argv, { env: { MEDIABAY_LOG_LEVEL: "loud" } });
    expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
    expect(stderr).toContain("\n  control.port must be a whole number between 0 and 65535 [flag --port]\n");
    expect(stderr).toContain(
      "\n  log.level must be one of debug, info, warn, error, silent [environment MEDIABAY_LOG_LEVEL]\n",
    );
    expect(stderr).toContain("\n  nope is not a setting of Mediabay [flag --set nope]\n");
    const json = await run([...argv, "--json"], { env: { MEDIABAY_LOG_LEVEL: "loud" } });
    expect(JSON.parse(json.stderr)).toMatchObject({ code: "SETTINGS_INVALID", context: { problems: [{}, {}, {}] } });
  });

  test("--check reads what the settings name, as a start would, and makes nothing", async () => {
    const folder = await temporaryFolder();
    const profiles = join(folder, "profiles");
    await mkdir(profiles);
    await writeFile(join(profiles, "bad.json"), "{");
    const wrong = {
      "control.tls.cert": "/etc/passwd",
      "control.tls.key": "/etc/passwd",
      "imagePlane.https.enabled": "true",
      "imagePlane.https.cert": "/etc/passwd",
      "imagePlane.https.key": "/etc/passwd",
      "keys.env": "MEDIABAY_TEST_UNSET",
      profilesDir: profiles,
      "images.fileRoots": join(folder, "nowhere"),
    };
    const set = Object.entries(wrong).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
    const { code, stderr } = await run(["serve", "--check", "--state-dir", join(folder, "state"), ...set]);
    expect(code).toBe(78);
    expect(stderr).toContain("error: 5 settings are wrong:\n");
    for (const key of ["control.tls.cert", "imagePlane.https.cert", "keys.env", "profilesDir", "images.fileRoots"])
      expect(stderr).toContain(`\n  ${key}: `);
    expect(await readdir(folder)).toEqual(["profiles"]);
  });

  test("--check names the key file that is malformed", async () => {
    const file = join(await temporaryFolder(), "sealing.key");
    await writeFile(file, "hunter2", { mode: 0o600 });
    const { code, stderr } = await run(["serve", "--check", "--set", `keys.file=${file}`]);
    expect(code).toBe(78);
    expect(stderr).toContain("\n  keys.file: A sealing key is neither");
    expect(stderr).not.toContain("hunter2");
  });

  test("refuses a control certificate that is no PEM, and a database whose key is gone, naming the file", async () => {
    const stateDir = await temporaryFolder();
    const begin = (more: Readonly<Record<string, string>>) => {
      const ports = { "control.port": "0", "imagePlane.http.host": "127.0.0.1", "imagePlane.http.port": "0" };
      const given = { stateDir, "log.level": "silent", ...ports, ...more };
      const set = Object.entries(given).map(([path, value]) => ({ path, value, flag: "test" }));
      const settings = loadSettings({ env: {}, readFile: () => "", flags: { config: "test", set } });
      return startMediabay(settings, { version: "0.0.0-test", vendorsDir: shippedVendors });
    };
    await expect(begin({ "control.tls.cert": "/etc/passwd", "control.tls.key": "/etc/passwd" })).rejects.toMatchObject({
      code: "SETTINGS_INVALID",
      context: { field: "control.tls.cert" },
    });
    await rm(join(stateDir, "sealing.key"));
    await expect(begin({})).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      hint: expect.stringContaining(join(stateDir, "sealing.key")),
    });
    expect(await readdir(stateDir)).not.toContain("sealing.key");
  });
});

describe("the systemd unit", () => {
  const unit = systemdUnit({
    nodePath: "/opt/node 24/bin/node",
    mainPath: '/srv/100%/$x/"main.ts',
    configPath: "/etc/m.yaml",
  });

  test.each([
    "DynamicUser=yes",
    "StateDirectory=mediabay",
    "LoadCredential=mediabay.key:/etc/mediabay/mediabay.key",
    "Environment=MEDIABAY_KEYS_CREDENTIAL=mediabay.key",
    "Environment=MEDIABAY_STATE_DIR=%S/mediabay",
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
    "SystemCallFilter=@system-service",
    "MemoryDenyWriteExecute=no",
    "CapabilityBoundingSet=",
    "Restart=on-failure",
    "TimeoutStopSec=30s",
    "WantedBy=multi-user.target",
  ])("says %s", (line) => {
    expect(unit.split("\n")).toContain(line);
  });

  test("quotes paths so that systemd reads them as they are", () => {
    expect(unit).toContain(
      'ExecStart="/opt/node 24/bin/node" "/srv/100%%/$$x/\\"main.ts" serve --config "/etc/m.yaml"',
    );
  });

  test("may read a home folder only when the program lives in one", () => {
    expect(systemdUnit({ nodePath: "/usr/bin/node", mainPath: "/home/ada/mediabay/src/main.ts" })).toContain(
      "\nProtectHome=read-only\n",
    );
  });

  test.each(["/root/m/main.ts", "/home/ada/m/main.ts", "/tmp/m/main.ts"])("cannot read %s", (mainPath) => {
    expect(hiddenPath({ nodePath: "/usr/bin/node", mainPath })).toBe(mainPath);
    expect(hiddenPath({ nodePath: "/usr/bin/node", mainPath: `/opt${mainPath}` })).toBeUndefined();
  });

  test("comes with a warning on stderr where it could not read the program", async () => {
    const { stdout, stderr } = await run(["serve", "--print-unit"], { mainPath: "/root/m/main.ts" });
    expect(stderr).toMatch(/^warning: .*\/root\/m\/main\.ts.* \/opt\.\n$/u);
    expect(stdout).toMatch(/^# mediabay\.service/u);
  });

  test("is printed with this Node and this program, and systemd finds nothing wrong", async () => {
    const { stdout } = await start(["serve", "--print-unit"]).outcome;
    expect(stdout).toContain(`ExecStart="${process.execPath}" "`);
    if (!installed("systemd-analyze")) return;
    const file = join(await temporaryFolder(), "mediabay.service");
    await writeFile(file, stdout);
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
    // Of the host's own units, which it reads as well, it may complain.
    const complaints = stderr
      .split("\n")
      .filter((line) => line !== "" && !/^(?!mediabay)[\w@.-]+\.service: /.test(line));
    expect({ status, complaints }).toEqual({ status: 0, complaints: [] });
  });
});

describe("completion", () => {
  const complete = (script: string, line: string): readonly string[] => {
    const words = line.split(" ");
    const shell = `${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})\nCOMP_CWORD=${words.length - 1}\n_mediabay\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync("bash", ["-c", shell], { encoding: "utf8" }).trim().split("\n");
  };

  test("for bash is valid and completes commands, options and values", async () => {
    const { stdout: script } = await run(["completion", "bash"]);
    execFileSync("bash", ["-n"], { input: script });
    expect(complete(script, "mediabay at")).toEqual(["attach"]);
    expect(complete(script, "mediabay machine ")).toEqual(
      expect.arrayContaining(["add", "list", "show", "update", "remove"]),
    );
    expect(complete(script, "mediabay machine add --tls-")).toEqual(["--tls-level"]);
    expect(complete(script, "mediabay machine add web1 h --tls-level ")).toEqual(["modern", "legacy"]);
    expect(complete(script, "mediabay --url http://h attach web1 x --as b")).toEqual(["boot"]);
    expect(complete(script, "mediabay power web1 ForceR")).toEqual(["ForceRestart"]);
    expect(complete(script, "mediabay machine list --js")).toEqual(["--json"]);
  });

  test("offers no option that takes a secret", async () => {
    const { stdout } = await run(["completion", "bash"]);
    expect(stdout).not.toMatch(/--(password|token)\b(?!-)/);
  });

  test.each(["zsh", "fish"])("for %s names every command", async (shell) => {
    const { code, stdout } = await run(["completion", shell]);
    expect(code).toBe(0);
    for (const name of ["attach", "machine", "probe", "completion"]) expect(stdout).toContain(name);
    if (installed(shell)) execFileSync(shell, ["-n"], { input: stdout });
  });
});

describe("the rest", () => {
  test("key rotate on a directory in use is refused", async () => {
    const { code, stderr } = await run(["key", "rotate"]);
    expect(code).toBe(5);
    expect(stderr).toContain("STATE_LOCKED");
  });

  test("key rotate says what was done", async () => {
    const folder = await temporaryFolder();
    const { stdout } = await start(["key", "rotate", "--state-dir", folder, "--json"]).outcome;
    expect(JSON.parse(stdout)).toEqual({ stateDir: folder, sealed: 3 });
  });

  test("demo is handed its options", async () => {
    expect((await run(["demo"])).stdout).toBe('{"keep":false,"json":false}');
    expect((await run(["demo", "--keep", "--json"])).stdout).toBe('{"keep":true,"json":true}');
  });

  test("version and --version", async () => {
    expect(JSON.parse((await run(["version", "--json"])).stdout)).toEqual({
      version: "0.0.0-test",
      node: process.versions.node,
    });
    expect(await run(["--version"])).toEqual({ code: 0, stdout: "0.0.0-test\n", stderr: "" });
  });

  test("every command has help with what it takes", async () => {
    const { stdout } = await run(["machine", "add", "--help"]);
    expect(stdout).toContain("--password-file");
    expect(stdout).toContain("--json");
    expect(stdout).not.toContain("--password ");
  });

  test("a command's file is not loaded before it is called", () => {
    const unused = (): never => {
      throw new Error("nothing was called");
    };
    const commands = createCli({
      version: "",
      clock: hurriedClock,
      mainPath: "",
      io: {
        stdin: process.stdin,
        stdout: { write: () => true },
        stderr: { write: () => true },
        env: {},
        onInterrupt: () => () => undefined,
      },
      loadSettings: () => undefined,
      checkSettings: async () => undefined,
      findStateDir: () => "",
      serve: async () => undefined,
      demo: async () => undefined,
      simulate: async () => undefined,
      listSimulated: async () => [],
      rotateKey: async () => ({}),
      imageCa: async () => "",
      inspectImage: unused,
      buildDrive: unused,
      checkProfile: async () => ({ id: "", title: "", effect: "adds", rules: [], quirks: 0 }),
    }).commands;
    expect(commands.map((command) => [command.name(), command.options.length])).toEqual(
      commands.map((command) => [command.name(), 0]),
    );
  });
});
