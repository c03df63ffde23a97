// Every operation of the published document, called as a client would, answers what the document says.
import { describe, expect, it } from "vitest";
import { checkerOf, operationsOf, readOpenApi } from "../tools/openapi.ts";
import type { Described } from "../tools/openapi.ts";
import { jsonOf, startRest } from "../tools/rest.ts";
import type { TestRest } from "../tools/rest.ts";
import { samples } from "../tools/rest-samples.ts";

const sampleOf = (operationId: string) => {
  const sample = samples[operationId];
  if (!sample) throw new Error(`no sample for ${operationId}`);
  return sample;
};

const begin = async (rest: TestRest): Promise<void> => {
  const { body, path } = sampleOf("attach");
  await rest.call(path, { method: "POST", body });
};

const callSample = async (
  rest: TestRest,
  { method, operation }: Described,
  signal?: AbortSignal,
): Promise<Response> => {
  const { path, body, role, operation: needsOperation } = sampleOf(operation.operationId);
  if (needsOperation) await begin(rest);
  return rest.call(path, { method, role, ...(body !== undefined && { body }), ...(signal && { signal }) });
};

/** What in an answer differs from what the document says of it. */
const complaints = async ({ operation }: Described, answer: Response): Promise<unknown[]> => {
  const outcome = operation.responses[String(answer.status)];
  if (!outcome) return [`the status ${answer.status} is not documented`];
  const [type = "", content] = Object.entries(outcome.content ?? {})[0] ?? [];
  const sentType = answer.headers.get("content-type") ?? "";
  const location = answer.headers.get("location") ?? "";
  const json = type === "application/json" && operation.operationId !== "openapi" ? content : undefined;
  return [
    ...(type === "*/*" || sentType.includes(type) ? [] : [`the type is ${sentType}, not ${type}`]),
    ...(outcome.headers && !location.startsWith("/v1/") ? [`the location is ${location}`] : []),
    ...(json ? (checkerOf(described, json.schema, true).safeParse(await answer.json()).error?.issues ?? []) : []),
  ];
};

const described = await (async () => {
  await using rest = await startRest();
  return await readOpenApi(rest.url);
})();
const operations = operationsOf(described);

describe("every operation", () => {
  it("has a sample, and every sample an operation", () => {
    expect(operations.map(({ operation }) => operation.operationId).sort()).toEqual(Object.keys(samples).sort());
  });

  it.each(operations.map((item) => [item.operation.operationId, item] as const))(
    "%s answers the documented status, type and members",
    async (id, item) => {
      await using rest = await startRest();
      const stop = new AbortController();
      const answer = await callSample(rest, item, stop.signal);
      expect(answer.status).toBe(sampleOf(id).status);
      expect(await complaints(item, answer)).toEqual([]);
      stop.abort();
    },
  );

  it.each(
    operations
      .filter(({ operation }) => operation.responses["202"])
      .map((item) => [item.operation.operationId, item] as const),
  )("%s hands its idempotency key and its actor to the gateway", async (id, item) => {
    await using rest = await startRest();
    if (sampleOf(id).operation) await begin(rest);
    const { path, body } = sampleOf(id);
    await rest.call(path, { method: item.method, body, headers: { "idempotency-key": "key-1" } });
    expect(rest.gateway.calls.at(-1)?.at(-1)).toMatchObject({
      idempotencyKey: "key-1",
      actor: { name: "operator-token", role: "operator" },
    });
  });
});

describe("machines", () => {
  it("are listed by limit, cursor and labels", async () => {
    await using rest = await startRest();
    const page = await jsonOf(await rest.call("/v1/machines?limit=7&after=next&label=rack=r1&label=row"));
    expect(page).toEqual({ items: [] });
    expect(rest.gateway.calls).toEqual([["listMachines", { limit: 7, after: "next" }, { rack: "r1", row: "" }]]);
  });

  it("are listed a hundred at a time unless asked otherwise", async () => {
    await using rest = await startRest();
    const page = await jsonOf(await rest.call("/v1/machines"));
    expect(page["next"]).toBe("next");
    expect(rest.gateway.calls).toEqual([["listMachines", { limit: 100 }, undefined]]);
  });

  it.each(["0", "1001", "-1", "1.5", "x", "", "5&limit=6"])("refuse the limit %j", async (limit) => {
    await using rest = await startRest();
    const answer = await rest.call(`/v1/machines?limit=${limit}`);
    expect(answer.status).toBe(400);
    expect(await jsonOf(answer)).toMatchObject({ code: "INVALID_REQUEST", context: { field: "limit" } });
  });

  it("refuse a cursor that is not theirs", async () => {
    await using rest = await startRest();
    const answer = await rest.call("/v1/machines?after=bogus");
    expect(await jsonOf(answer)).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  });

  it("show their dates in ISO 8601", async () => {
    await using rest = await startRest();
    const machine = await jsonOf(await rest.call("/v1/machines/node1"));
    expect(machine["createdAt"]).toBe("2026-01-01T00:00:00.000Z");
  });

  it("are created with everything that was sent", async () => {
    await using rest = await startRest();
    const body = {
      name: "n",
      endpoints: [
        {
          protocol: "auto",
          address: "10.0.0.1",
          credentials: { username: "u", password: "" },
          tls: { mode: "pinned", level: "legacy", fingerprint: "AB:".repeat(31) + "AB" },
          system: "1",
          imageHost: "10.0.0.2",
        },
      ],
    };
    const answer = await rest.call("/v1/machines", { method: "POST", body });
    expect(answer.headers.get("location")).toBe("/v1/machines/m-1");
    expect(rest.gateway.calls[0]?.[1]).toEqual(body);
  });

  it("take null credentials on a change, and force on removal", async () => {
    await using rest = await startRest();
    const body = { endpoints: [{ address: "[2001:db8::1]:8443", credentials: null }] };
    expect((await rest.call("/v1/machines/node1", { method: "PATCH", body })).status).toBe(200);
    expect((await rest.call("/v1/machines/node1", { method: "DELETE" })).status).toBe(204);
    expect(rest.gateway.calls.map((call) => call.slice(0, 3))).toEqual([
      ["updateMachine", "node1", body],
      ["removeMachine", "node1", { actor: { name: "operator-token", role: "operator" }, force: false }],
    ]);
  });
});

describe("attachments", () => {
  it.each([
    [{ uri: "http://o/c.iso" }, { kind: "uri", uri: "http://o/c.iso" }],
    [{ base64: "AAAA" }, { kind: "blob", base64: "AAAA" }],
    [{ digest: "ab".repeat(32) }, { kind: "image", digest: "ab".repeat(32) }],
  ])("are made from the source %j", async (source, expected) => {
    await using rest = await startRest();
    const body = { source, role: "boot", reset: "On", slot: "2", force: true, readWithinMs: 0, deadlineMs: 5000 };
    const answer = await rest.call("/v1/machines/node1/attachments", { method: "POST", body });
    expect(answer.headers.get("location")).toBe("/v1/operations/o-1");
    expect(await jsonOf(answer)).toMatchObject({ operation: { id: "o-1" }, attachment: { id: "a-1" }, created: true });
    const { deadlineMs: _deadline, ...request } = body;
    expect(rest.gateway.calls).toEqual([
      [
        "attach",
        "node1",
        { ...request, source: expected },
        { actor: { name: "operator-token", role: "operator" }, deadlineMs: 5000 },
      ],
    ]);
  });

  it.each([{}, { uri: "http://o", base64: "AA" }, { uri: "http://o", digest: "ab".repeat(32) }, { kind: "uri" }])(
    "are not made from the source %j",
    async (source) => {
      await using rest = await startRest();
      const answer = await rest.call("/v1/machines/node1/attachments", { method: "POST", body: { source } });
      expect(await jsonOf(answer)).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
      expect(rest.gateway.calls).toEqual([]);
    },
  );

  it("are detached by id through their machine", async () => {
    await using rest = await startRest();
    const answer = await rest.call("/v1/attachments/a-1", { method: "DELETE" });
    expect(await jsonOf(answer)).toMatchObject({ operation: { kind: "detach" }, attachment: { id: "a-1" } });
    expect(rest.gateway.calls.at(-1)?.slice(0, 3)).toEqual(["detach", "m-1", "a-1"]);
  });

  it("of one machine are asked for by its id, whatever it was called", async () => {
    await using rest = await startRest();
    await rest.call("/v1/machines/node1/attachments?state=attached&state=failed,detached");
    expect(rest.gateway.calls.at(-1)).toEqual([
      "listAttachments",
      { limit: 100 },
      { machineId: "m-1", states: ["attached", "failed", "detached"] },
    ]);
  });

  it.each([
    ["/v1/machines/node1/attachments?leftIn=true&state=detached", "m-1", ["detached"]],
    ["/v1/attachments?leftIn=true&machine=node1&state=failed", "m-1", ["failed"]],
  ])("that a BMC may still hold are asked for by %s", async (path, machineId, states) => {
    await using rest = await startRest();
    await rest.call(path);
    expect(rest.gateway.calls.at(-1)).toEqual([
      "listAttachments",
      { limit: 100 },
      { machineId, states, has: "leftIn" },
    ]);
  });

  it("take a base64 source of more than a mebibyte, and no other body does", async () => {
    await using rest = await startRest();
    const base64 = "A".repeat(2 * 1024 * 1024);
    const taken = await rest.call("/v1/machines/node1/attachments", { method: "POST", body: { source: { base64 } } });
    expect(taken.status).toBe(202);
    expect((await rest.call("/v1/images", { method: "POST", body: { source: { base64 } } })).status).toBe(201);
    const refused = await rest.call("/v1/probe", { method: "POST", body: { machine: base64 } });
    expect(await jsonOf(refused)).toMatchObject({ status: 413, code: "REQUEST_TOO_LARGE" });
  });
});

describe("history", () => {
  it("of a removed machine is still found under its id", async () => {
    await using rest = await startRest();
    const page = await jsonOf(await rest.call("/v1/audit?machine=m-gone"));
    expect(page["items"]).toHaveLength(1);
  });

  it.each(["/v1/audit", "/v1/operations", "/v1/attachments"])(
    "of a machine that never was is not found: %s",
    async (path) => {
      await using rest = await startRest();
      const answer = await rest.call(`${path}?machine=m-never`);
      expect(await jsonOf(answer)).toMatchObject({ status: 404, code: "MACHINE_NOT_FOUND" });
    },
  );
});

describe("service", () => {
  it.each([
    [async () => ({ ready: false, checks: { store: false } }), { status: "unavailable", checks: { store: false } }],
    [() => Promise.reject(new Error("disk")), { status: "unavailable" }],
  ])("is not ready when a check says so or cannot say", async (ready, body) => {
    await using rest = await startRest({ ready });
    const answer = await rest.call("/readyz", { role: undefined });
    expect(answer.status).toBe(503);
    expect(await jsonOf(answer)).toEqual(body);
  });

  it("gives metrics to anyone only when the setting says so", async () => {
    await using closed = await startRest();
    expect((await closed.call("/metrics", { role: undefined })).status).toBe(401);
    await using open = await startRest({ settings: { metricsPublic: true } });
    const answer = await open.call("/metrics", { role: undefined });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await answer.text()).toBe("mediabay_machines 1\n");
  });
});

describe("tokens", () => {
  it("are listed in pages without themselves", async () => {
    await using rest = await startRest();
    const first = await jsonOf(await rest.call("/v1/tokens?limit=2", { role: "admin" }));
    expect(first).toMatchObject({ items: [{ id: "t-reader" }, { id: "t-operator" }], next: "t-operator" });
    const second = await jsonOf(await rest.call("/v1/tokens?limit=2&after=t-operator", { role: "admin" }));
    expect(second).toMatchObject({ items: [{ id: "t-admin" }] });
    expect(second).not.toHaveProperty("next");
    const bad = await rest.call("/v1/tokens?after=t-none", { role: "admin" });
    expect(await jsonOf(bad)).toMatchObject({ status: 400, context: { field: "after" } });
  });

  it("stop working when they are revoked", async () => {
    await using rest = await startRest();
    expect((await rest.call("/v1/images", { role: "reader" })).status).toBe(200);
    await rest.call("/v1/tokens/t-reader", { method: "DELETE", role: "admin" });
    expect((await rest.call("/v1/images", { role: "reader" })).status).toBe(401);
  });
});
