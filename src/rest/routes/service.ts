// Health, readiness, metrics and the OpenAPI document: for those who run us.
import { z } from "zod";
import { anyQuery, route } from "../route.ts";
import type { Route } from "../route.ts";
import { health } from "../schemas/records.ts";

const tag = "service";

export const serviceRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/healthz",
    id: "health",
    tag,
    summary: "Is the process alive?",
    access: "public",
    query: anyQuery,
    outcomes: [{ status: 200, description: "Alive.", schema: health }],
    handle: async () => ({ status: 200, body: { status: "ok" } }),
  }),
  route({
    method: "get",
    path: "/readyz",
    id: "readiness",
    tag,
    summary: "Can it take work?",
    access: "public",
    query: anyQuery,
    outcomes: [
      { status: 200, description: "Ready.", schema: health },
      { status: 503, description: "Not ready.", schema: health },
    ],
    handle: async (_call, services) => {
      const readiness = await services.ready().catch((error: unknown) => {
        services.log.error({ error }, "readiness could not be told");
        return { ready: false };
      });
      const status = readiness.ready ? 200 : 503;
      return { status, body: { ...readiness, ready: undefined, status: readiness.ready ? "ready" : "unavailable" } };
    },
  }),
  route({
    method: "get",
    path: "/metrics",
    id: "metrics",
    tag,
    summary: "Prometheus metrics",
    description: "Without a token where the setting `metrics.public` says so.",
    access: "reader",
    query: anyQuery,
    openIf: ({ metricsPublic }) => metricsPublic,
    outcomes: [{ status: 200, description: "Exposition text.", schema: z.string(), type: "text/plain" }],
    handle: async (_call, { metrics }) => ({
      status: 200,
      raw: { type: metrics.contentType, content: await metrics.text() },
    }),
  }),
  route({
    method: "get",
    path: "/openapi.json",
    id: "openapi",
    tag,
    summary: "This document",
    access: "public",
    query: anyQuery,
    outcomes: [{ status: 200, description: "OpenAPI 3.1.", schema: z.looseObject({ openapi: z.string() }) }],
    handle: async (_call, services) => ({
      status: 200,
      raw: { type: "application/json; charset=utf-8", content: await services.document() },
    }),
  }),
];
