// How errors are told, and by which exit code.
import { spawnSync } from "node:child_process";
import { createServer, type ServerResponse } from "node:http";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { exitCodes, exitFor } from "../../src/cli/exit-codes.ts";
import { type ErrorCode, errorTable } from "../../src/core/errors.ts";
import { entryPath, run, runAgainst, withGateway } from "./run.ts";
import { machine, problem } from "./samples.ts";

const show = ["machine", "show", "web1"];
const refused = (body: object, status: number) => [{ method: "GET", path: "/v1/machines/web1", status, json: body }];

const codeOf = async (code: string, status: number): Promise<number> =>
  (await runAgainst(refused(problem(code, status, "No."), status), show)).code;

const listen = async (answer: string, type: string): Promise<string> => {
  const server = createServer((_request, response) => response.writeHead(200, { "content-type": type }).end(answer));
  onTestFinished(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : "";
};

describe("exit codes", () => {
  test.each([
    ["INVALID_REQUEST", 400, 3],
    ["IMAGE_INVALID", 422, 3],
    ["SOURCE_FORBIDDEN", 422, 3],
    ["CANCELLED", 409, 3],
    ["MACHINE_NOT_FOUND", 404, 4],
    ["NOT_FOUND", 404, 4],
    ["MACHINE_BUSY", 409, 5],
    ["SLOT_OCCUPIED", 409, 5],
    ["ALREADY_ATTACHED", 409, 5],
    ["RATE_LIMITED", 429, 5],
    ["BMC_UNREACHABLE", 502, 6],
    ["MEDIUM_NOT_READ", 502, 6],
    ["DEADLINE_EXCEEDED", 504, 6],
    ["SOURCE_REFUSED", 502, 7],
    ["UNAUTHENTICATED", 401, 8],
    ["FORBIDDEN", 403, 8],
    ["STORE_UNAVAILABLE", 503, 1],
  ])("%s ends with its own", async (code, status, exit) => {
    expect(await codeOf(code, status)).toBe(exit);
  });

  test("every code of the error table has one, and only `us` is unexpected", () => {
    for (const code of Object.keys(errorTable) as ErrorCode[]) {
      expect([code, exitFor(code) === "unexpected"]).toEqual([code, errorTable[code].fault === "us"]);
    }
  });

  test("a code of a newer gateway is judged by its status", () => {
    expect([401, 404, 409, 422, 500].map((status) => exitFor("NEW_CODE", status))).toEqual([
      "access",
      "notFound",
      "busy",
      "refused",
      "unexpected",
    ]);
  });

  test("the help lists every one", async () => {
    const { code, stdout } = await run(["--help"]);
    expect(code).toBe(0);
    for (const { code: exit, meaning } of Object.values(exitCodes))
      expect(stdout).toContain(`${String(exit).padEnd(4)}${meaning}`);
  });

  test.each([
    [["bogus"]],
    [["machine"]],
    [["machine", "bogus"]],
    [["attach", "web1"]],
    [["attach"]],
    [["attach", "web1", "image.iso"]],
    [["attach", "web1", "http://h/x", "--as", "floppy"]],
    [["attach", "web1", "http://h/x", "--deadline", "soon"]],
    [["attach", "web1", "--reset", "http://h/x"]],
    [["attach", "web1", "@/nonexistent/file"]],
    [["boot", "web1", "--once", "--clear"]],
    [["boot", "web1", "--once"]],
    [["media", "web1", "--force"]],
    [["probe"]],
    [["probe", "web1", "--address", "h"]],
    [["probe", "https://h", "--address", "h"]],
    [["probe", "web1", "--system", "1"]],
    [["machine", "list", "--label", "a", "--limit", "0"]],
    [["machine", "add", "a", "h", "--label", "novalue"]],
    [["power", "web1", "Explode"]],
    [["status", "--url", "ftp://h"]],
    [["status", "--token-file", "/nonexistent/token"]],
    [["status", "--ca-file", "/nonexistent/ca"]],
  ])("%j is a wrong command line", async (argv) => {
    const { code, stdout, stderr } = await run(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^error: .+\n(hint: .+\n)?code: USAGE\n$/m);
  });
});

describe("an error for people", () => {
  test("is one line of message, then hint, the BMC's words and the code", async () => {
    const body = problem("BMC_REJECTED", 502, "The BMC said no.", {
      context: { bmcText: "No\u001b]0;owned\u0007pe\r", bmcCode: "Base.1.2.E" },
    });
    const { stdout, stderr } = await runAgainst(refused(body, 502), show);
    expect(stdout).toBe("");
    expect(stderr).toBe(
      "error: The BMC said no.\nhint: hint of BMC_REJECTED\nbmc: Nope · Base.1.2.E\ncode: BMC_REJECTED\n",
    );
  });

  test("for scripts is the problem as it came", async () => {
    const body = problem("MACHINE_NOT_FOUND", 404, "No machine is called web1.", { instance: "req-1" });
    const { stdout, stderr } = await runAgainst(refused(body, 404), ["--json", ...show]);
    expect(stdout).toBe("");
    expect(JSON.parse(stderr)).toEqual(body);
  });

  test("of the command line is a problem too with --json", async () => {
    const { stderr } = await run(["machine", "--json"]);
    expect(JSON.parse(stderr)).toMatchObject({ code: "USAGE" });
  });
});

describe("something else than a gateway", () => {
  test("nobody there", async () => {
    const gateway = await withGateway([]);
    await gateway.close();
    const { code, stderr } = await run(show, { env: gateway.env });
    expect(code).toBe(9);
    expect(stderr).toContain("(ECONNREFUSED)");
  });

  test.each([
    ["<html>", "text/html"],
    ["{}", "application/json"],
    ["[]", "application/json"],
    [JSON.stringify({ ...machine, endpoints: 3 }), "application/json"],
  ])("an answer %s is no machine", async (answer, type) => {
    const { code, stdout } = await run(show, { env: { MEDIABAY_URL: await listen(answer, type) } });
    expect({ code, stdout }).toEqual({ code: 9, stdout: "" });
  });

  test("an error page is not taken for a problem", async () => {
    const { code } = await runAgainst(
      [
        {
          method: "GET",
          path: "/v1/machines/web1",
          answer: (response) => void response.writeHead(404).end("<h1>nginx</h1>"),
        },
      ],
      show,
    );
    expect(code).toBe(9);
  });

  test("a redirect is not followed, so that the token stays here", async () => {
    const elsewhere = await listen(JSON.stringify(machine), "application/json");
    const answer = (response: ServerResponse): void => void response.writeHead(302, { location: elsewhere }).end();
    const { code, stdout } = await runAgainst([{ method: "GET", path: "/v1/machines/web1", answer }], show);
    expect({ code, stdout }).toEqual({ code: 9, stdout: "" });
  });
});

test("a reader that goes away ends the output quietly", () => {
  const pipe = `set -o pipefail; "${process.execPath}" "${entryPath}" --help | true`;
  const { status, stderr } = spawnSync("bash", ["-c", pipe], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
