// /docs: swagger-ui from our own disk. Nothing is loaded from elsewhere and no script stands in the page, so the strictest policy holds.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { z } from "zod";
import { MediabayError } from "../../core/errors.ts";
import { anyQuery, route } from "../route.ts";
import type { Answer, Route } from "../route.ts";

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Mediabay API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/initializer.js"></script>
  </body>
</html>
`;

/** swagger-ui would show a badge fetched from a public validator; `validatorUrl: null` forbids it. */
const initializer = `window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
`;

/** swagger-ui's style sheet carries its icons as `data:` URLs. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const types = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
  "favicon-32x32.png": "image/png",
  "initializer.js": "text/javascript; charset=utf-8",
} as const;
type FileName = keyof typeof types;
const isFileName = (name: string): name is FileName => Object.hasOwn(types, name);

const read = async (file: FileName): Promise<string | Buffer> => {
  if (file === "initializer.js") return initializer;
  const folder = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
  return readFile(join(folder, file));
};

const answer = (type: string, content: string | Buffer): Answer => ({
  status: 200,
  headers: { "Content-Security-Policy": policy },
  raw: { type, content },
});

export const docsRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/docs",
    id: "docs",
    tag: "service",
    summary: "This document to read and try",
    access: "public",
    query: anyQuery,
    outcomes: [{ status: 200, description: "A page.", schema: z.string(), type: "text/html" }],
    handle: async () => answer("text/html; charset=utf-8", page),
  }),
  route({
    method: "get",
    path: "/docs/{file}",
    id: "docsFile",
    tag: "service",
    summary: "A file of that page",
    access: "public",
    params: z.strictObject({ file: z.string() }),
    query: anyQuery,
    outcomes: [{ status: 200, description: "The file.", schema: z.string(), type: "*/*" }],
    errors: ["NOT_FOUND"],
    handle: async ({ params: { file } }) => {
      if (!isFileName(file)) throw new MediabayError("NOT_FOUND", "There is no such file.");
      return answer(types[file], await read(file));
    },
  }),
];
