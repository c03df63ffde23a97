// The published OpenAPI 3.1 document: whole, true to the router, and complete in its errors.
import type { Express } from "express";
import { describe, expect, it } from "vitest";
import { errorTable } from "../../src/core/errors.ts";
import { operationsOf, readOpenApi } from "../tools/openapi.ts";
import { startRest } from "../tools/rest.ts";

const { described, served } = await (async () => {
  await using rest = await startRest();
  return { described: await readOpenApi(rest.url), served: routesOf(rest.app) };
})();
const operations = operationsOf(described);
const text = JSON.stringify(described);

/** What express really answers, in the document's spelling. `all` is what refuses the other methods. */
function routesOf(app: Express): string[] {
  return app.router.stack.flatMap(({ route }) =>
    (route?.stack ?? [])
      .filter(({ method }) => method)
      .map(({ method }) => `${method.toUpperCase()} ${String(route?.path).replaceAll(/:(\w+)/g, "{$1}")}`),
  );
}

/** Every object in the document. */
function* objectsOf(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const item of Object.values(value)) yield* objectsOf(item);
}

describe("the document", () => {
  it("is OpenAPI 3.1 and the same for everyone", async () => {
    await using rest = await startRest();
    expect(described.openapi).toBe("3.1.0");
    expect(JSON.stringify(await readOpenApi(rest.url))).toBe(text);
  });

  it("describes every route of the router, and no other", () => {
    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(served.sort());
    expect(served.length).toBeGreaterThan(30);
  });

  it("names every operation once", () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("resolves every reference", () => {
    const references = [...objectsOf(described)].map(({ $ref }) => $ref).filter((ref) => typeof ref === "string");
    const unresolved = references.filter((ref) => {
      const [, name] = /^#\/components\/schemas\/([^/]+)$/.exec(ref) ?? [];
      return name === undefined || !Object.hasOwn(described.components.schemas, name);
    });
    expect(references.length).toBeGreaterThan(50);
    expect(unresolved).toEqual([]);
  });

  it("describes every parameter of every path", () => {
    for (const { path, operation } of operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const parameters = operation.parameters.filter((parameter) => parameter.in === "path");
      expect(parameters.map(({ name }) => name)).toEqual(named);
      expect(parameters.every(({ required }) => required)).toBe(true);
    }
  });

  it("lets no object that a client sends have unknown members", () => {
    const sent = new Set<unknown>();
    const visit = (schema: unknown): void => {
      for (const part of objectsOf(schema)) {
        const name = typeof part["$ref"] === "string" ? part["$ref"].split("/").at(-1) : undefined;
        const target = name === undefined ? part : described.components.schemas[name];
        if (name !== undefined && !sent.has(target)) visit(target);
        if (name === undefined && part["type"] === "object") sent.add(part);
      }
    };
    for (const { operation } of operations) visit(operation.requestBody?.content["application/json"]?.schema);
    const open = [...sent].filter((schema) => {
      const { properties, additionalProperties } = schema as Record<string, unknown>;
      return properties && additionalProperties !== false;
    });
    expect(sent.size).toBeGreaterThan(12);
    expect(open).toEqual([]);
  });
});

describe("every operation of the document", () => {
  it.each(operations.map(({ operation }) => [operation.operationId, operation] as const))(
    "%s has a success, its errors as problems, and says who may call it",
    (_id, operation) => {
      const statuses = Object.keys(operation.responses);
      const problems = Object.entries(operation.responses).filter(
        ([, { content }]) => content?.["application/problem+json"],
      );
      expect(statuses.some((status) => status.startsWith("2"))).toBe(true);
      expect(problems.map(([status]) => status)).toContain("500");
      for (const [status, { description }] of problems) {
        const codes = [...description.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code);
        expect(codes.map((code) => errorTable[code as keyof typeof errorTable].status)).toEqual(
          codes.map(() => Number(status)),
        );
      }
      const secured = operation.security.length > 0;
      expect(statuses.includes("401")).toBe(secured);
      expect(statuses.includes("429")).toBe(secured);
      expect(statuses.includes("415") && statuses.includes("413")).toBe(operation.requestBody !== undefined);
    },
  );

  it.each([
    ["attach", "409", "AGENT_MAY_RUN"],
    ["replace", "409", "AGENT_MAY_RUN"],
    ["ingestImage", "409", "CANCELLED"],
  ])("%s tells that it may answer %s with %s", (id, status, code) => {
    const found = operations.find(({ operation }) => operation.operationId === id);
    expect(found?.operation.responses[status]?.description).toContain(`\`${code}\``);
  });

  it("that removes a machine says how to take out what is attached first", () => {
    const found = operations.find(({ operation }) => operation.operationId === "removeMachine");
    expect(found?.operation).toMatchObject({
      description: expect.stringContaining("`DELETE /v1/machines/{machine}/attachments`"),
    });
  });

  it("that is accepted for later takes an idempotency key and a preference", () => {
    for (const { operation } of operations) {
      const headers = operation.parameters.filter((parameter) => parameter.in === "header").map(({ name }) => name);
      expect(headers).toEqual(operation.responses["202"] ? ["Idempotency-Key", "Prefer"] : []);
    }
  });
});
