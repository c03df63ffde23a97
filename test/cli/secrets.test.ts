// Secrets come from files, the environment or a prompt, and are seen nowhere.
import { readFileSync } from "node:fs";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { type Expected, streams, token } from "./rest-stub.ts";
import { run, runAgainst, start, temporaryFolder, withGateway } from "./run.ts";
import { accepted, machine } from "./samples.ts";

const canary = "c4nary-Tr0ub4dor";

const addWith = (password: string): Expected => ({
  method: "POST",
  path: "/v1/machines",
  body: { name: "web1", endpoints: [{ address: "h", credentials: { username: "root", password } }] },
  status: 201,
  json: machine,
});
const add = ["machine", "add", "web1", "h", "--username", "root"];

describe("a password", () => {
  test.each([
    [["machine", "add", "web1", "h", "--password", canary]],
    [["machine", "add", "web1", "h", `--password=${canary}`]],
    [["machine", "add", "web1", "h", `--passwd=${canary}`]],
    [["machine", "add", "web1", "h", `-p${canary}`]],
    [["machine", "add", "web1", "h", `--pwd=${canary}`]],
    [["machine", "add", "web1", "h", canary]],
    [["machine", "add", "web1", "h", "--username", "root", "--password-env", canary]],
    [["status", "--token", canary]],
    [["status", `--token=${canary}`, "--json"]],
    [["status", "--url", `http://admin:${canary}@127.0.0.1:1`]],
    [["attach", "web1", "--reset", `http://u:${canary}@h/x`]],
    [["attach", "web1", "http://h/x", "--as", `http://u:${canary}@h/x`]],
    [["serve", "--set", `keys.env=${canary}`]],
    [["serve", "--check", "--set", `keys.secret=${canary}`]],
  ])("in the arguments %j is refused without being repeated", async (argv) => {
    const { code, stdout, stderr } = await run(argv);
    expect([2, 78]).toContain(code);
    expect(`${stdout}${stderr}`).not.toContain(canary);
  });

  test.each([
    ["--password", "--password-file"],
    ["--password=x", "--password-env"],
    ["--token=x", "--token-file"],
  ])("%s is answered with the way to do it", async (option, instead) => {
    const { stderr } = await run(["machine", "add", "web1", "h", option]);
    expect(stderr).toContain("is refused: arguments are visible to everyone on this host.");
    expect(stderr).toContain(instead);
  });

  test("may be a value after --, where no option is", async () => {
    const show: Expected = { method: "GET", path: "/v1/machines/--password", json: machine };
    expect((await runAgainst([show], ["machine", "show", "--", "--password"])).code).toBe(0);
  });

  test("comes from a file, without the line end", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "pw"), `${canary} \r\n`);
    expect((await runAgainst([addWith(`${canary} `)], [...add, "--password-file", join(folder, "pw")])).code).toBe(0);
  });

  test("comes from standard input", async () => {
    expect((await runAgainst([addWith(canary)], [...add, "--password-file", "-"], { stdin: `${canary}\n` })).code).toBe(
      0,
    );
  });

  test("comes from a variable that the option names", async () => {
    expect(
      (await runAgainst([addWith(canary)], [...add, "--password-env", "BMC_PW"], { env: { BMC_PW: canary } })).code,
    ).toBe(0);
  });

  test("is asked for at a terminal without being shown", async () => {
    const modes: boolean[] = [];
    const keys = [`x\u0015${canary.slice(0, 4)}`, `é\u007f${canary.slice(4)}`, "\r", "ignored"].map((text) =>
      Buffer.from(text),
    );
    const stdin = Object.assign(Readable.from(keys), { isTTY: true, setRawMode: (on: boolean) => void modes.push(on) });
    const { stdout, stderr } = await runAgainst([addWith(canary)], add, { stdin });
    expect(modes).toEqual([true, false]);
    expect(stderr).toBe("Password of root: \n");
    expect(stdout).not.toContain(canary);
  });

  test("Ctrl-C at the prompt ends the command and leaves the terminal as it was", async () => {
    const modes: boolean[] = [];
    const stdin = Object.assign(Readable.from([Buffer.from("abc\u0003")]), {
      isTTY: true,
      setRawMode: (on: boolean) => void modes.push(on),
    });
    const { code } = await runAgainst([], add, { stdin });
    expect({ code, modes }).toEqual({ code: 130, modes: [true, false] });
  });

  test("is an error where there is no terminal to ask at", async () => {
    const { code, stderr } = await runAgainst([], add);
    expect(code).toBe(2);
    expect(stderr).toContain("--password-file");
  });
});

test("neither password nor token is in the process's arguments or its output", async () => {
  let seen = "";
  const folder = await temporaryFolder();
  await writeFile(join(folder, "pw"), canary);
  await writeFile(join(folder, "token"), `${token}\n`);
  const seenBy: { pid?: number | undefined } = {};
  const look: Expected = {
    ...addWith(canary),
    answer: (response) => {
      seen = readFileSync(`/proc/${seenBy.pid}/cmdline`, "utf8");
      response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify(machine));
    },
  };
  const gateway = await withGateway([look]);
  const { child, outcome } = start(
    [...add, "--password-file", join(folder, "pw"), "--token-file", join(folder, "token")],
    { MEDIABAY_URL: gateway.url },
  );
  seenBy.pid = child.pid;
  const { code, stdout, stderr } = await outcome;
  await gateway.finished();
  expect(code).toBe(0);
  expect(seen).toContain("machine");
  for (const text of [seen, stdout, stderr]) {
    expect(text).not.toContain(canary);
    expect(text).not.toContain(token);
  }
});

describe("the token", () => {
  const ask: Expected = { method: "GET", path: "/v1/machines/web1", json: machine };
  const show = ["machine", "show", "web1"];

  test("is found in the state directory", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "admin.token"), `${token}\n`);
    const gateway = await withGateway([ask]);
    expect((await run(show, { env: { MEDIABAY_URL: gateway.url, MEDIABAY_STATE_DIR: folder } })).code).toBe(0);
    await gateway.finished();
  });

  test("is found in the state directory that the settings name, whatever else is wrong there", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "admin.token"), token);
    await writeFile(join(folder, "m.yaml"), `stateDir: ${folder}\nnonsense: 1\n`);
    const gateway = await withGateway([ask]);
    const { outcome } = start([...show, "--config", join(folder, "m.yaml")], {
      MEDIABAY_URL: gateway.url,
      MEDIABAY_STATE_DIR: "",
    });
    expect((await outcome).code).toBe(0);
    await gateway.finished();
  });

  test("named by a flag wins over the environment", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "t"), token);
    const gateway = await withGateway([ask]);
    const env = { MEDIABAY_URL: gateway.url, MEDIABAY_TOKEN: "wrong", MEDIABAY_TOKEN_FILE: "/nonexistent" };
    expect((await run([...show, "--token-file", join(folder, "t")], { env })).code).toBe(0);
    await gateway.finished();
  });

  test("that no header can hold is refused without being repeated", async () => {
    const { code, stderr } = await run(show, {
      env: { MEDIABAY_URL: "http://127.0.0.1:1", MEDIABAY_TOKEN: `${canary}\nX: y` },
    });
    expect(code).toBe(2);
    expect(stderr).not.toContain(canary);
  });

  test("that was made is shown once, or written for its owner alone", async () => {
    const made = { token: canary, record: { id: "t-1", name: "ci", role: "operator", createdAt: machine.createdAt } };
    const create: Expected = {
      method: "POST",
      path: "/v1/tokens",
      body: { name: "ci", role: "operator" },
      status: 201,
      json: made,
    };
    expect((await runAgainst([create], ["token", "create", "ci"])).stdout).toBe(`${canary}\n`);
    const file = join(await temporaryFolder(), "ci.token");
    const { stdout } = await runAgainst([create], ["token", "create", "ci", "--output", file, "--json"]);
    expect(stdout).not.toContain(canary);
    expect(await readFile(file, "utf8")).toBe(`${canary}\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await chmod(file, 0o400);
    expect((await runAgainst([], ["token", "create", "ci", "--output", file])).code).toBe(2);
  });
});

test("a URI with credentials can come from a file, and is remarked upon in the arguments", async () => {
  const uri = `http://u:${canary}@h/x`;
  const file = join(await temporaryFolder(), "uri");
  await writeFile(file, `${uri}\n`);
  const attach: Expected = {
    method: "POST",
    path: "/v1/machines/web1/attachments",
    body: { source: { uri } },
    status: 202,
    json: accepted,
  };
  const fromFile = await runAgainst([attach], ["attach", "web1", "--uri-file", file]);
  expect(fromFile).toEqual({ code: 0, stdout: "op-1\n", stderr: "" });
  const typed = await runAgainst([attach], ["attach", "web1", uri]);
  expect(typed.stderr).toContain("--uri-file");
  expect(typed.stderr).not.toContain(canary);
});

test("escape sequences in an event do not reach the terminal", async () => {
  const events: Expected = {
    method: "GET",
    path: "/v1/operations/op-1/events",
    answer: streams([
      { id: 1, type: "warning", data: { text: "a\u001b[2Jb\u0007c" } },
      { type: "end", data: {} },
    ]),
  };
  const { stdout } = await runAgainst([events], ["operation", "follow", "op-1"]);
  expect(stdout).toMatch(/warning +abc\n$/);
});
