// credential: the requests it sends, exactly; its secrets come from files, the environment or a prompt, and are shown nowhere.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Expected } from "./rest-stub.ts";
import { type RunOptions, run, runAgainst, temporaryFolder } from "./run.ts";
import { credential } from "./samples.ts";

const canary = "c4nary-Tr0ub4dor";
const path = "/v1/credentials/mirror";
const set = ["credential", "set", "mirror"];
const origin = "https://origin.example";

/** What `credential set mirror …` shows when it must send exactly this body; a secret that it shows fails. */
const sends = async (body: unknown, line: string, options: RunOptions = {}): Promise<string> => {
  const expected: Expected = { method: "PUT", path, body, json: credential };
  const { stdout, stderr } = await runAgainst([expected], [...set, ...line.split(/\s+/)], options);
  return `${stdout}${stderr}`;
};

const shown =
  /^credential +mirror\nkind +basic\ngoes to +https:\/\/origin\.example\ncreated +\S+ \S+\nupdated +\S+ \S+\n$/;

const fileWith = async (text: string): Promise<string> => {
  const file = join(await temporaryFolder(), "secret");
  await writeFile(file, text);
  return file;
};

describe("credential set", () => {
  test("of the kind basic takes the password from a file, and shows what may be shown", async () => {
    const body = { kind: "basic", origins: [origin, "http://b:1"], username: "ada", password: canary };
    const file = await fileWith(`${canary}\n`);
    const line = `--kind basic --origin ${origin} --origin http://b:1 --username ada --secret-file ${file}`;
    expect(await sends(body, line)).toMatch(shown);
  });

  test("of the kind bearer takes the token from standard input or from a variable", async () => {
    const body = { kind: "bearer", origins: [origin], token: canary };
    expect(await sends(body, `--kind bearer --origin ${origin} --secret-file -`, { stdin: `${canary}\r\n` })).toMatch(
      shown,
    );
    expect(
      await sends(body, `--kind bearer --origin ${origin} --secret-env TOKEN`, { env: { TOKEN: canary } }),
    ).toMatch(shown);
  });

  test("asks for the secret at a terminal without showing it", async () => {
    const stdin = Object.assign(Readable.from([Buffer.from(`${canary}\r`)]), {
      isTTY: true,
      setRawMode: () => undefined,
    });
    const body = { kind: "basic", origins: [origin], username: "ada", password: canary };
    expect(await sends(body, `--kind basic --origin ${origin} --username ada`, { stdin })).not.toContain(canary);
  });

  test("of the kind headers takes them from a file", async () => {
    const file = await fileWith(`X-Api-Key: ${canary}\r\n\r\nX-Other:b: c \n`);
    const body = { kind: "headers", origins: [origin], headers: { "X-Api-Key": canary, "X-Other": "b: c" } };
    expect(await sends(body, `--kind headers --origin ${origin} --header-file ${file}`)).toMatch(shown);
  });

  test("of the kind swift logs in with a password, or with an application credential by id or by name", async () => {
    const file = await fileWith(canary);
    const authUrl = "https://keystone.example:5000/v3";
    const usual = `--kind swift --auth-url ${authUrl} --secret-file ${file}`;
    const project = { project: "p", projectDomain: "e", userDomain: "d" };
    expect(
      await sends(
        {
          kind: "swift",
          authUrl,
          region: "R1",
          interface: "internal",
          login: { method: "password", username: "ada", password: canary, ...project },
        },
        `${usual} --username ada --project p --user-domain d --project-domain e --region R1 --interface internal`,
      ),
    ).toMatch(shown);
    const byId = { method: "password", username: "ada", userDomainId: "default", projectId: "0p", password: canary };
    expect(
      await sends(
        { kind: "swift", authUrl, login: byId },
        `${usual} --username ada --user-domain-id default --project-id 0p`,
      ),
    ).toMatch(shown);
    const application = {
      kind: "swift",
      authUrl,
      login: { method: "applicationCredential", id: "0ab", secret: canary },
    };
    expect(await sends(application, `${usual} --application-id 0ab`)).toMatch(shown);
    const key = await fileWith(`${canary}key\n`);
    expect(
      await sends(
        { ...application, tempUrlKey: `${canary}key` },
        `${usual} --application-id 0ab --temp-url-key-file ${key}`,
      ),
    ).toMatch(shown);
    const login = { method: "applicationCredential", name: "ci", username: "ada", userDomain: "d", secret: canary };
    expect(
      await sends({ kind: "swift", authUrl, login }, `${usual} --application-name ci --username ada --user-domain d`),
    ).toMatch(shown);
  });

  test("of the kind s3 takes a session token from a file of its own", async () => {
    const [secret, session] = [await fileWith(`${canary}1\n`), await fileWith(`${canary}2\n`)];
    const keys = { accessKeyId: "AK", secretAccessKey: `${canary}1`, sessionToken: `${canary}2` };
    expect(
      await sends(
        { kind: "s3", endpoint: "https://s3.example", region: "eu-1", style: "host", ...keys },
        `--kind s3 --endpoint https://s3.example --access-key-id AK --region eu-1 --style host --secret-file ${secret}
       --session-token-file ${session}`,
      ),
    ).toMatch(shown);
  });

  test("takes the whole of it as JSON, from a file or from standard input", async () => {
    const body = { kind: "bearer", origins: [origin], token: canary };
    expect(await sends(body, `--file ${await fileWith(JSON.stringify(body))}`)).toMatch(shown);
    expect(await sends(body, "--file -", { stdin: JSON.stringify(body) })).toMatch(shown);
  });

  test("says that one of the kind swift goes to the object store as well", async () => {
    const answer = { ...credential, kind: "swift", destinations: ["https://keystone.example:5000/v3"] };
    const expected: Expected = { method: "PUT", path, body: { kind: "x" }, json: answer };
    const { stdout, stderr } = await runAgainst([expected], [...set, "--file", "-"], { stdin: '{"kind":"x"}' });
    expect(stdout).toMatch(/^goes to +https:\/\/keystone\.example:5000\/v3 and its object store$/m);
    expect(stderr).toBe("");
  });

  test("says when it goes over plain http", async () => {
    const answer = { ...credential, destinations: ["http://origin.example"] };
    const expected: Expected = { method: "PUT", path, body: { kind: "x" }, json: answer };
    const { stderr } = await runAgainst([expected], [...set, "--file", "-"], { stdin: '{"kind":"x"}' });
    expect(stderr).toContain("plain http");
  });
});

describe("credential set refuses", () => {
  test.each([
    ["a secret in the arguments", `--kind bearer --origin ${origin} --secret ${canary}`, "--secret-file"],
    ["a secret in the arguments", `--kind bearer --origin ${origin} --secret=${canary}`, "--secret-file"],
    ["a token in the arguments", `--kind bearer --origin ${origin} --token=${canary}`, "visible to everyone"],
    ["a secret key in the arguments", `--kind s3 --secret-access-key=${canary}`, "--secret-access-key"],
    ["a header in the arguments", `--kind headers --origin ${origin} --header X:${canary}`, "--header"],
    ["a secret as a variable's name", `--kind bearer --origin ${origin} --secret-env ${canary}`, "--secret-env names"],
    ["no kind", "", "--kind or --file is needed"],
    ["an unknown kind", `--kind ${canary}`, "Allowed choices are basic, bearer, headers, swift, s3"],
    ["basic without a user", `--kind basic --origin ${origin}`, "--kind basic needs --username"],
    ["bearer without an origin", "--kind bearer", "--kind bearer needs --origin"],
    ["headers without a file", `--kind headers --origin ${origin}`, "--kind headers needs --header-file"],
    [
      "an origin of S3",
      `--kind s3 --endpoint http://h --access-key-id a --origin ${origin}`,
      "--origin does not go with",
    ],
    ["a user of bearer", `--kind bearer --origin ${origin} --username a`, "--username does not go with --kind bearer"],
    ["Keystone without a login", "--kind swift --auth-url http://h/v3", "--username and --project"],
    [
      "a project of an application credential",
      "--kind swift --auth-url http://h/v3 --application-id a --project p",
      "--project and --project-domain do not go with it",
    ],
    [
      "a secret from two places",
      `--kind bearer --origin ${origin} --secret-file - --secret-env A`,
      "exclude each other",
    ],
    ["a prompt without a terminal", `--kind bearer --origin ${origin}`, "there is no terminal to ask at"],
    ["options beside a whole file", "--file - --kind bearer", "no other option goes with it"],
    ["a file that is not there", "--file /nonexistent/x", "cannot be read (ENOENT)"],
  ])("%s: %s", async (_what, line, why) => {
    const { code, stdout, stderr } = await run([...set, ...line.split(/\s+/).filter((word) => word !== "")]);
    expect(code).toBe(2);
    expect(stderr).toContain(why);
    expect(`${stdout}${stderr}`).not.toContain(canary);
  });

  test.each([
    ["JSON that is broken", "--file -", `{"password": "${canary}"`, "is not a JSON object"],
    ["JSON that is no object", "--file -", `["${canary}"]`, "is not a JSON object"],
    [
      "a line that is no header",
      `--kind headers --origin ${origin} --header-file -`,
      `A: b\n${canary}`,
      "line 2 is not",
    ],
    ["a header twice", `--kind headers --origin ${origin} --header-file -`, `A: ${canary}\nA: b`, "twice"],
  ])("%s on standard input", async (_what, line, stdin, why) => {
    const { code, stdout, stderr } = await run([...set, ...line.split(" ")], { stdin });
    expect(code).toBe(2);
    expect(stderr).toContain(why);
    expect(`${stdout}${stderr}`).not.toContain(canary);
  });
});

test("credential list shows where each goes, and remove removes", async () => {
  const list: Expected = { method: "GET", path: "/v1/credentials?limit=1000", json: { items: [credential] } };
  const { stdout } = await runAgainst([list], ["credential", "list"]);
  expect(stdout).toMatch(/^NAME +KIND +GOES TO +UPDATED\nmirror +basic +https:\/\/origin\.example +2026-/);
  const json = await runAgainst([list], ["credential", "list", "--json"]);
  expect(JSON.parse(json.stdout)).toEqual({ items: [credential] });
  const none = await runAgainst([{ ...list, json: { items: [] } }], ["credential", "list"]);
  expect(none.stdout).toBe("There is no named credential.\n");
  const remove: Expected = { method: "DELETE", path: "/v1/credentials/a%2Fb", status: 204 };
  expect((await runAgainst([remove], ["credential", "remove", "a/b"])).stdout).toBe("Removed a/b.\n");
});

test("audit says who set which credential", async () => {
  const entry = {
    seq: 1,
    at: credential.createdAt,
    actor: "ada",
    action: "credential.set",
    detail: { name: "mirror" },
  };
  const audit: Expected = { method: "GET", path: "/v1/audit?limit=1000", json: { items: [entry] } };
  expect((await runAgainst([audit], ["audit"])).stdout).toMatch(/ ada +credential\.set +mirror$/m);
});
