// Sends a body that holds as little as possible, adds what the service names as missing and drops what it names as unknown. A rejected
// request costs a round trip, so nothing is sent on suspicion.
import type { Refusal } from "../errors.ts";
import { isOk, type Reply } from "./message.ts";

export type Body = Readonly<Record<string, unknown>>;

export interface Negotiation {
  readonly send: (body: Body) => Promise<Reply>;
  readonly body: Body;
  /** What may be added, by name. */
  readonly extras: Body;
  /** What is never dropped: without it the request means nothing. */
  readonly essential: readonly string[];
}

export interface Negotiated {
  readonly reply: Reply;
  /** As last sent. */
  readonly body: Body;
}

const missing = new Set([
  "ActionParameterMissing",
  "PropertyMissing",
  "CreateFailedMissingReqProperties",
  "GeneralError",
]);
const unknown = new Set([
  "ActionParameterUnknown",
  "ActionParameterNotSupported",
  "PropertyUnknown",
  "PropertyNotWritable",
]);

export const negotiate = async ({ send, body, extras, essential }: Negotiation): Promise<Negotiated> => {
  let current = body;
  for (;;) {
    const reply = await send(current);
    const isRefusal = !isOk(reply) && reply.status < 500;
    const next = isRefusal ? revise(current, reply, extras, essential) : undefined;
    if (next === undefined) return { reply, body: current };
    current = next;
  }
};

/** Each name is added or dropped at most once, so this ends. */
const revise = (body: Body, refusal: Refusal, extras: Body, essential: readonly string[]): Body | undefined => {
  const added = named(refusal, missing, Object.keys(extras)).filter((name) => !(name in body));
  if (added.length > 0) return { ...body, ...Object.fromEntries(added.map((name) => [name, extras[name]])) };
  const droppable = Object.keys(body).filter((name) => !essential.includes(name));
  const dropped = new Set(named(refusal, unknown, droppable));
  if (dropped.size === 0) return undefined;
  return Object.fromEntries(Object.entries(body).filter(([name]) => !dropped.has(name)));
};

/** Those of `names` that messages of these ids speak of; a GeneralError names its parameter only in its text. */
const named = ({ messages }: Refusal, ids: ReadonlySet<string>, names: readonly string[]): readonly string[] => {
  const relevant = messages.filter(({ id }) => ids.has(id));
  return names.filter((name) =>
    relevant.some((message) =>
      message.id === "GeneralError"
        ? new RegExp(`\\b${name}\\b`).test(message.text)
        : message.names.some((each) => each === name),
    ),
  );
};
