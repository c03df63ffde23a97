// Who may call what, and how wrong tokens are met.
import { describe, expect, it } from "vitest";
import { roles } from "../../src/core/vocabulary.ts";
import type { Role } from "../../src/core/vocabulary.ts";
import { operationsOf, readOpenApi } from "../tools/openapi.ts";
import { jsonOf, startRest } from "../tools/rest.ts";
import type { TestRest } from "../tools/rest.ts";
import { samples } from "../tools/rest-samples.ts";

const bearer = (token: string) => ({ role: undefined, headers: { authorization: `Bearer ${token}` } });

const described = await (async () => {
  await using rest = await startRest();
  return operationsOf(await readOpenApi(rest.url));
})();

/** The status that each caller gets for one operation. */
const statuses = async (rest: TestRest, id: string, method: string): Promise<Record<string, number>> => {
  const { path, body, operation } = samples[id] ?? { path: "/", status: 0, role: undefined };
  const result: Record<string, number> = {};
  for (const role of [undefined, ...roles]) {
    if (operation) {
      const attach = samples["attach"];
      await rest.call(attach?.path ?? "", { method: "POST", body: attach?.body });
    }
    const stop = new AbortController();
    const answer = await rest.call(path, { method, role, signal: stop.signal, ...(body !== undefined && { body }) });
    result[role ?? "nobody"] = answer.status;
    stop.abort();
  }
  return result;
};

describe("roles", () => {
  it.each(described.map(({ method, operation }) => [operation.operationId, method]))(
    "%s is open to the role that it needs and to those above, and to no other",
    async (id, method) => {
      await using rest = await startRest();
      const { role: needed, status = 0 } = samples[id] ?? {};
      const expected = (role: Role): number => (needed && roles.indexOf(role) < roles.indexOf(needed) ? 403 : status);
      // The reader's token is the one that `removeToken` revokes: as the last caller, the admin has revoked nobody's before.
      expect(await statuses(rest, id, method)).toEqual({
        nobody: needed ? 401 : status,
        reader: expected("reader"),
        operator: expected("operator"),
        admin: expected("admin"),
      });
    },
  );

  it("let a reader probe a registered machine but not an address of its choice", async () => {
    await using rest = await startRest();
    const body = { endpoint: { address: "10.0.0.1" } };
    const refused = await rest.call("/v1/probe", { method: "POST", role: "reader", body });
    expect(await jsonOf(refused)).toMatchObject({ status: 403, code: "FORBIDDEN" });
    expect(rest.gateway.calls).toEqual([]);
    expect((await rest.call("/v1/probe", { method: "POST", body })).status).toBe(200);
    expect(rest.gateway.calls).toEqual([["probe", body]]);
  });

  it("are checked before the body is read", async () => {
    await using rest = await startRest();
    const answer = await rest.call("/v1/machines", { method: "POST", role: "reader", text: "not json" });
    expect(answer.status).toBe(403);
  });
});

describe("a token", () => {
  it("that is missing is asked for", async () => {
    await using rest = await startRest();
    const answer = await rest.call("/v1/machines", { role: undefined });
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="mediabay"');
    expect(await jsonOf(answer)).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
  });

  it.each(["Bearer wrong", "Bearer", "Bearer a b", "Basic YTpi", `Bearer ${"x".repeat(600)}`])(
    "that is wrong is refused: %.20s",
    async (authorization) => {
      await using rest = await startRest();
      const answer = await rest.call("/v1/machines", { role: undefined, headers: { authorization } });
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="mediabay", error="invalid_token"');
      expect(answer.status).toBe(401);
    },
  );

  it("may be announced in any case of the scheme", async () => {
    await using rest = await startRest();
    const headers = { authorization: `bearer mb_reader_${"secretsecret".repeat(3)}` };
    expect((await rest.call("/v1/machines", { role: undefined, headers })).status).toBe(200);
  });
});

describe("wrong tokens", () => {
  const fail = async (rest: TestRest, times: number): Promise<number[]> => {
    const seen: number[] = [];
    for (let n = 0; n < times; n += 1) seen.push((await rest.call("/v1/machines", bearer(`wrong-${n}`))).status);
    return seen;
  };

  it("beyond the bound are not even looked up, until the minute is over", async () => {
    await using rest = await startRest({ settings: { authFailuresPerMinute: 3 } });
    expect(await fail(rest, 3)).toEqual([401, 401, 401]);
    const asked = rest.tokens.asked.length;
    const refused = await rest.call("/v1/machines", bearer("wrong"));
    expect(refused.headers.get("retry-after")).toBe("60");
    expect(await jsonOf(refused)).toMatchObject({ status: 429, code: "RATE_LIMITED" });
    expect(rest.tokens.asked).toHaveLength(asked);
    await rest.clock.advance(60_000);
    expect(await fail(rest, 1)).toEqual([401]);
  });

  it("do not lock out a token that was right before", async () => {
    await using rest = await startRest({ settings: { authFailuresPerMinute: 3 } });
    expect((await rest.call("/v1/machines")).status).toBe(200);
    await fail(rest, 4);
    expect((await rest.call("/v1/machines")).status).toBe(200);
    // Never seen before: it might be a guess.
    expect((await rest.call("/v1/machines", { role: "reader" })).status).toBe(429);
  });

  it("are not counted when none was sent, and open addresses stay open", async () => {
    await using rest = await startRest({ settings: { authFailuresPerMinute: 1 } });
    for (let n = 0; n < 3; n += 1) expect((await rest.call("/v1/machines", { role: undefined })).status).toBe(401);
    await fail(rest, 2);
    expect((await rest.call("/healthz", { role: undefined })).status).toBe(200);
  });
});
