// Random requests by the published document: none is a defect of ours, and what the document forbids is refused.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkerOf, operationsOf, readOpenApi } from "../tools/openapi.ts";
import { nearlyValueOf, valueOf } from "../tools/openapi-arbitrary.ts";
import { startRest } from "../tools/rest.ts";
import { samples } from "../tools/rest-samples.ts";

const openApi = await (async () => {
  await using rest = await startRest();
  return await readOpenApi(rest.url);
})();
const operations = operationsOf(openApi).map((item) => [item.operation.operationId, item] as const);
const withBody = operations.flatMap(([id, item]) => {
  const schema = item.operation.requestBody?.content["application/json"]?.schema;
  return schema ? [[id, { ...item, schema }] as const] : [];
});
/**
 * The rules that the schema cannot tell: a pinned TLS policy without its fingerprint, more than 64 labels; an application credential
 * without its name's user, or by name and id; a URL that only looks like one; headers that are ours to set, or there twice;
 * what JSON may say and a config drive cannot hold.
 */
const toldInWords =
  /needs it|at most 64|MACHINE_NOT_FOUND|`name` needs the|exactly one of `(?:id|project)` and|by its name or by its id|goes without a domain|URL that can be used|set by the connection|given twice|kept exactly|surrogate pair|`__proto__` in the body is not known here/;
const runs = { numRuns: 150 };

describe("a body", () => {
  it.each(withBody)(
    "that the document allows for %s is taken, unless it breaks a rule told in words",
    async (id, item) => {
      await using rest = await startRest();
      const path = samples[id]?.path ?? "";
      const valid = checkerOf(openApi, item.schema, false);
      await fc.assert(
        fc.asyncProperty(valueOf(openApi, item.schema), async (body) => {
          fc.pre(valid.safeParse(body).success);
          const answer = await rest.call(path, { method: item.method, role: "admin", body });
          const text = await answer.text();
          const broken = toldInWords.test(text);
          expect(answer.ok || broken ? "taken" : text).toBe("taken");
        }),
        runs,
      );
    },
  );

  it.each(withBody)("that is wrong for %s is the caller's mistake, and never ours", async (id, item) => {
    await using rest = await startRest();
    const path = samples[id]?.path ?? "";
    const valid = checkerOf(openApi, item.schema, false);
    await fc.assert(
      fc.asyncProperty(nearlyValueOf(openApi, item.schema), async (body) => {
        const answer = await rest.call(path, { method: item.method, role: "admin", body });
        await answer.arrayBuffer();
        expect(Object.keys(item.operation.responses)).toContain(String(answer.status));
        expect(answer.status).toBeLessThan(500);
        expect(answer.ok && valid.safeParse(body).error).toBeFalsy();
      }),
      runs,
    );
    expect(rest.lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });

  it("of any bytes is never a defect of ours", async () => {
    await using rest = await startRest();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const answer = await rest.call("/v1/machines", { method: "POST", text: Uint8Array.from(bytes) });
        await answer.arrayBuffer();
        expect(answer.status).toBe(400);
      }),
      runs,
    );
  });
});

describe("an address", () => {
  it.each(operations.filter(([, { path }]) => path.includes("{")))(
    "with any identifiers for %s is never a defect of ours",
    async (_id, item) => {
      await using rest = await startRest();
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: "binary", minLength: 1 }), async (text) => {
          const path = item.path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(text.toWellFormed()));
          const answer = await rest.call(path, { method: item.method, role: "admin" });
          await answer.arrayBuffer();
          expect(answer.status).toBeLessThan(500);
        }),
        { numRuns: 50 },
      );
    },
  );

  it.each(
    operations.filter(([, { method, operation }]) => method === "GET" && !operation.operationId.startsWith("follow")),
  )("with any query for %s is never a defect of ours", async (id, item) => {
    await using rest = await startRest();
    const names = ["limit", "after", "state", "machine", "label", "force", "__proto__", "x"];
    const pairs = fc.array(fc.tuple(fc.constantFrom(...names), fc.string({ unit: "binary", maxLength: 8 })), {
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(pairs, async (query) => {
        const [path] = (samples[id]?.path ?? "").split("?");
        const parameters = new URLSearchParams(
          query.map(([name, value]) => [name, value.toWellFormed()] as [string, string]),
        );
        const answer = await rest.call(`${path}?${parameters.toString()}`, { method: item.method, role: "admin" });
        await answer.arrayBuffer();
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 50 },
    );
  });
});
