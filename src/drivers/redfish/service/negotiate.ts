// Sends a body that holds as little as possible, adds what the service names as missing and drops what it names as unknown. A rejected
// request costs a round trip, so nothing is sent on suspicion.
import { actionFor, type BmcMessage, type Refusal } from "../errors.ts";
import type { ErrorRule } from "../quirks.ts";
import { isOk, type Reply } from "./message.ts";

export type Body = Readonly<Record<string, unknown>>;

export interface Negotiation {
  readonly send: (body: Body) => Promise<Reply>;
  readonly body: Body;
  /** What may be added, by name. */
  readonly extras: Body;
  /** What is never dropped: without it the request means nothing. */
  readonly essential: readonly string[];
  /** `errors.list`: with the actions `param-missing` and `param-unknown` its rules count like the messages of the Base registry. */
  readonly rules?: readonly ErrorRule[];
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

export const negotiate = async (negotiation: Negotiation): Promise<Negotiated> => {
  let current = negotiation.body;
  for (;;) {
    const reply = await negotiation.send(current);
    const next = isOk(reply) ? undefined : revise(current, reply, negotiation);
    if (next === undefined) return { reply, body: current };
    current = next;
  }
};

/** Each name is added or dropped at most once, so this ends. */
const revise = (body: Body, refusal: Refusal, { extras, essential, rules = [] }: Negotiation): Body | undefined => {
  const action = actionFor(refusal, rules);
  // A failure of the service is no word on the parameters, unless its message or a profile says that it is.
  if (refusal.status >= 500 && action !== "param-missing" && action !== "param-unknown") return undefined;
  const wanted = Object.keys(extras).filter((name) => !(name in body));
  const added = named(refusal, missing, action === "param-missing", wanted);
  if (added.length > 0) return { ...body, ...Object.fromEntries(added.map((name) => [name, extras[name]])) };
  const droppable = Object.keys(body).filter((name) => !essential.includes(name));
  const dropped = new Set(named(refusal, unknown, action === "param-unknown", droppable));
  if (dropped.size === 0) return undefined;
  return Object.fromEntries(Object.entries(body).filter(([name]) => !dropped.has(name)));
};

/** Those of `names` that the messages of these ids speak of; all messages where the refusal as a whole is known to be about them. */
const named = (
  { messages, text }: Refusal,
  ids: ReadonlySet<string>,
  all: boolean,
  names: readonly string[],
): readonly string[] => {
  const relevant = messages.filter(({ id }) => all || ids.has(id));
  const isIn = (words: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(words);
  return names.filter(
    (name) =>
      relevant.some((message) => isNamed(message, name, isIn)) || (all && messages.length === 0 && isIn(text, name)),
  );
};

/** In the arguments; where there are none, or the id says nothing, in the text. */
const isNamed = (
  { id, names, text }: BmcMessage,
  name: string,
  isIn: (words: string, name: string) => boolean,
): boolean => names.includes(name) || ((id === "GeneralError" || names.length === 0) && isIn(text, name));
