// /v1/credentials: what is taken, in which form it reaches the gateway, and that nothing of a refused body comes back.
import { describe, expect, it } from "vitest";
import { jsonOf, startRest, type TestRest } from "../tools/rest.ts";
import { credentialSecrets, sampleCredentials } from "../tools/store-samples.ts";

const canary = (place: string): string => `canary-${place}`;
const samples = sampleCredentials(canary);
const path = "/v1/credentials/mirror";

const put = (rest: TestRest, body: unknown): Promise<Response> =>
  rest.call(path, { method: "PUT", role: "admin", body });

/** What the gateway was given. */
const taken = async (body: unknown): Promise<unknown> => {
  await using rest = await startRest();
  const answer = await put(rest, body);
  expect(await answer.text()).toContain('"destinations"');
  return rest.gateway.calls[0]?.[2];
};

const refused = async (body: unknown): Promise<Record<string, unknown>> => {
  await using rest = await startRest();
  const answer = await put(rest, body);
  const problem = await jsonOf(answer);
  expect(problem).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  expect(rest.gateway.calls).toEqual([]);
  expect(JSON.stringify(problem)).not.toContain("canary");
  expect(rest.lines.join("")).not.toContain("canary");
  return problem;
};

describe("a named credential", () => {
  it.each(Object.entries(samples))("of the sample %s reaches the gateway as it was sent", async (_name, credential) => {
    expect(await taken(credential)).toEqual(credential);
  });

  it("names its origins in lower case, without path and the scheme's own port, and each once", async () => {
    const origins = ["HTTPS://Origin.Example:443/", "https://origin.example", "http://[::1]:8080", "http://h:80"];
    expect(await taken({ ...samples.bearer, origins })).toMatchObject({
      origins: ["https://origin.example", "http://[::1]:8080", "http://h"],
    });
  });

  it("has defaults where a service has usual values", async () => {
    const { interface: _interface, ...swift } = samples.swift;
    expect(await taken({ ...swift, authUrl: "HTTPS://Keystone.example:5000/v3/" })).toEqual(samples.swift);
    const { region: _region, style: _style, ...s3 } = samples.s3;
    expect(await taken({ ...s3, endpoint: "https://S3.example/" })).toEqual(samples.s3);
  });

  it("of an application credential is by id, or by name with its user", async () => {
    const login = { method: "applicationCredential", name: "ci", username: "ada", userDomain: "d", secret: "x" };
    expect(await taken({ ...samples.application, login })).toMatchObject({ login });
  });

  it.each([
    ["of no kind", {}, "kind"],
    ["of an unknown kind", { ...samples.basic, kind: "canary" }, "kind"],
    ["without its password", { ...samples.basic, password: undefined }, "password"],
    ["with a member of another kind", { ...samples.basic, token: "canary" }, "token"],
    ["without origins", { ...samples.basic, origins: [] }, "origins"],
    ["with a user in its origin", { ...samples.basic, origins: ["https://u:canary@h"] }, "origins[0]"],
    ["with a path in its origin", { ...samples.basic, origins: ["https://h/canary"] }, "origins[0]"],
    ["with a query in its origin", { ...samples.basic, origins: ["https://h?canary"] }, "origins[0]"],
    ["with another scheme", { ...samples.basic, origins: ["ftp://canary"] }, "origins[0]"],
    ["with a port that is none", { ...samples.basic, origins: ["https://canary:99999"] }, "origins[0]"],
    ["with a colon in its user", { ...samples.basic, username: "a:canary" }, "username"],
    ["with a line end in its password", { ...samples.basic, password: "canary\r\nx" }, "password"],
    ["with a line end in its token", { ...samples.bearer, token: "canary\nx" }, "token"],
    ["with a blank in its token", { ...samples.bearer, token: "Bearer canary" }, "token"],
    ["with no header", { ...samples.headers, headers: {} }, "headers"],
    ["with a header's name that is none", { ...samples.headers, headers: { "X: canary": "x" } }, "headers"],
    ["with a header's value in its name", { ...samples.headers, headers: { "X\r\nY": "x" } }, "headers"],
    ["with two lines in a header", { ...samples.headers, headers: { X: "canary\r\nY: canary" } }, "headers"],
    ["with a NUL in a header", { ...samples.headers, headers: { X: "canary\u0000" } }, "headers"],
    ["with a header beyond ASCII", { ...samples.headers, headers: { X: "canary\u00e4" } }, "headers"],
    ["with an empty header", { ...samples.headers, headers: { X: "" } }, "headers"],
    ["with a header twice", { ...samples.headers, headers: { "X-A": "canary", "x-a": "canary" } }, "headers"],
    ["with a header that is no text", { ...samples.headers, headers: { "X: canary": 5 } }, "headers"],
    ["with a list of headers", { ...samples.headers, headers: ["canary"] }, "headers"],
    ["with a Keystone of version 2", { ...samples.swift, authUrl: "https://h/v2.0" }, "authUrl"],
    ["with a password in its Keystone", { ...samples.swift, authUrl: "https://u:canary@h/v3" }, "authUrl"],
    ["with a way to log in that there is not", { ...samples.swift, login: { method: "canary" } }, "login.method"],
    ["without its project", { ...samples.swift, login: { ...samples.swift.login, project: undefined } }, "login"],
    ["with its project twice", { ...samples.swift, login: { ...samples.swift.login, projectId: "canary" } }, "login"],
    [
      "with a domain for its project's id",
      { ...samples.swift, login: { ...samples.swift.login, project: undefined, projectId: "canary" } },
      "login",
    ],
    [
      "with its user's domain twice",
      { ...samples.swift, login: { ...samples.swift.login, userDomainId: "canary" } },
      "login",
    ],
    [
      "by an application credential's id and name",
      { ...samples.application, login: { ...samples.application.login, name: "canary", username: "u" } },
      "login",
    ],
    [
      "by an application credential's name without a user",
      { ...samples.application, login: { method: "applicationCredential", name: "canary", secret: "canary" } },
      "login",
    ],
    ["with a query in its endpoint", { ...samples.s3, endpoint: "https://h/?canary" }, "endpoint"],
    ["with a blank in its secret key", { ...samples.s3, secretAccessKey: "canary x" }, "secretAccessKey"],
  ])("%s is refused by its field, and not repeated", async (_what, body, field) => {
    const problem = await refused(body);
    expect(problem["context"]).toMatchObject({ field });
  });

  it.each(["canary", 5, [samples.basic], null])("that is %j is refused", async (body) => {
    expect(await refused(body)).toMatchObject({
      detail: expect.stringContaining("The body is not valid: one of basic"),
    });
  });

  it.each([
    "Host",
    "content-length",
    "Transfer-Encoding",
    "Connection",
    "TE",
    "Upgrade",
    "Proxy-Authorization",
    "Range",
    "If-Range",
    "If-None-Match",
    "Accept-Encoding",
  ])("does not set the header %s", async (name) => {
    const problem = await refused({ ...samples.headers, headers: { [name]: "canary" } });
    expect(problem["detail"]).toContain(`the header ${name.toLowerCase()} is set by`);
  });

  it.each(["a b", "-a", "%2e%2e%2f", "x".repeat(64)])("is not set under the name %j", async (name) => {
    await using rest = await startRest();
    const at = `/v1/credentials/${encodeURIComponent(name)}`;
    const answer = await rest.call(at, { method: "PUT", role: "admin", body: samples.basic });
    expect(await jsonOf(answer)).toMatchObject({ status: 400, context: { field: "name" } });
  });

  it("is set and removed by admins only, and listed by all", async () => {
    await using rest = await startRest();
    for (const role of ["reader", "operator"] as const) {
      expect((await rest.call(path, { method: "PUT", role, body: samples.basic })).status).toBe(403);
      expect((await rest.call(path, { method: "DELETE", role })).status).toBe(403);
      expect((await rest.call("/v1/credentials", { role })).status).toBe(200);
    }
    expect(rest.gateway.calls.map(([method]) => method)).toEqual(["listCredentials", "listCredentials"]);
  });

  it("that is not there cannot be removed", async () => {
    await using rest = await startRest();
    const answer = await rest.call("/v1/credentials/other", { method: "DELETE", role: "admin" });
    expect(await jsonOf(answer)).toMatchObject({
      status: 404,
      code: "CREDENTIAL_NOT_FOUND",
      context: { name: "other" },
    });
  });

  it("comes back from nothing, not even when the inside fails with it", async () => {
    await using rest = await startRest();
    for (const credential of Object.values(samples)) expect((await put(rest, credential)).status).toBe(200);
    const texts = [await (await rest.call("/v1/credentials")).text()];
    rest.gateway.fail("setCredential", Object.assign(new Error("disk"), { credential: samples.s3, ...samples.swift }));
    for (const credential of Object.values(samples)) texts.push(await (await put(rest, credential)).text());
    for (const place of credentialSecrets) {
      expect(texts.join("")).not.toContain(canary(place));
      expect(rest.lines.join("")).not.toContain(canary(place));
    }
    expect(rest.lines.join("")).toContain("a request failed by our own fault");
  });
});
