// /v1/tokens: who may call. A token is shown once, in the answer that makes it.
import { z } from "zod";
import { MediabayError } from "../../core/errors.ts";
import type { Page, TokenRecord } from "../../core/records.ts";
import { route } from "../route.ts";
import type { Route } from "../route.ts";
import { idParams, pageFields } from "../schemas/query.ts";
import { newTokenAnswer, pageOf, token } from "../schemas/records.ts";
import { tokenBody } from "../schemas/requests.ts";

const tag = "tokens";

/** Tokens are few, so the store lists them all; the cursor is the last id of the page before. */
const cut = (tokens: readonly TokenRecord[], limit: number, after: string | undefined): Page<TokenRecord> => {
  const start = after === undefined ? 0 : tokens.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && start === 0)
    throw new MediabayError("INVALID_REQUEST", "The cursor `after` is not valid.", { field: "after" });
  const items = tokens.slice(start, start + limit);
  const last = items.at(-1);
  return { items, ...(last && start + limit < tokens.length && { next: last.id }) };
};

export const tokenRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/v1/tokens",
    id: "listTokens",
    tag,
    summary: "List tokens",
    access: "admin",
    query: z.strictObject(pageFields),
    outcomes: [{ status: 200, description: "A page of tokens, without the tokens themselves.", schema: pageOf(token) }],
    handle: async ({ query }, { tokens }) => ({
      status: 200,
      body: cut(await tokens.list(), query.limit, query.after),
    }),
  }),
  route({
    method: "post",
    path: "/v1/tokens",
    id: "createToken",
    tag,
    summary: "Make a token",
    access: "admin",
    body: tokenBody,
    outcomes: [{ status: 201, description: "The token, shown only now.", schema: newTokenAnswer }],
    handle: async ({ body }, { tokens }) => {
      const made = await tokens.create(body.name, body.role);
      return { status: 201, body: { record: made.record }, newToken: made.token };
    },
  }),
  route({
    method: "delete",
    path: "/v1/tokens/{id}",
    id: "removeToken",
    tag,
    summary: "Revoke a token",
    access: "admin",
    params: idParams,
    outcomes: [{ status: 204, description: "Revoked." }],
    errors: ["NOT_FOUND"],
    handle: async ({ params }, { tokens }) => {
      await tokens.remove(params.id);
      return { status: 204 };
    },
  }),
];
