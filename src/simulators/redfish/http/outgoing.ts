// A reply as it goes onto the wire.
import type { Reply } from "./replies.ts";

export interface Outgoing {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const contentType = ({ body, html, text }: Reply): Record<string, string> => {
  if (html !== undefined) return { "Content-Type": "text/html" };
  return body === undefined && text === undefined ? {} : { "Content-Type": "application/json;charset=utf-8" };
};

export const outgoing = (reply: Reply): Outgoing => ({
  status: reply.status,
  headers: {
    "OData-Version": "4.0",
    "Cache-Control": "no-cache",
    ...contentType(reply),
    ...reply.headers,
  },
  body: reply.html ?? reply.text ?? (reply.body === undefined ? "" : JSON.stringify(reply.body)),
});
