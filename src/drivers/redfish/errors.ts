// What a Redfish service says when it refuses (DSP0266 "Error responses"), in our codes: by MessageId first, by HTTP status else,
// by text only where a quirk says so.
import { MediabayError, type ErrorContext } from "../../core/errors.ts";
import { byStatus, type Meaning, meanings } from "./error-table.ts";
import type { ErrorAction, ErrorRule } from "./quirks.ts";
import { errorActions } from "./quirks/errors.ts";
import { extendedMessage, isResource, type Resource } from "./schema.ts";

/** One message of a service; `id` is the last part of its MessageId, without registry and version. */
export interface BmcMessage {
  readonly id: string;
  readonly fullId: string;
  readonly text: string;
  /** Properties or parameters that it names. */
  readonly names: readonly string[];
}

export interface Refusal {
  readonly status: number;
  readonly messages: readonly BmcMessage[];
  readonly text: string;
}

const lastPart = (id: string): string => id.slice(id.lastIndexOf(".") + 1);

const toMessage = (raw: unknown): BmcMessage => {
  const { MessageId, Message, MessageArgs, RelatedProperties } = extendedMessage.parse(raw);
  const pointers = RelatedProperties.map((pointer) => pointer.slice(pointer.lastIndexOf("/") + 1).replace(/^#/, ""));
  return {
    id: lastPart(MessageId ?? ""),
    fullId: MessageId ?? "",
    text: Message ?? "",
    names: [...MessageArgs, ...pointers],
  };
};

const infoKey = "@Message.ExtendedInfo";

/** ExtendedInfo may be one object instead of a list, and may hang at a property (`Boot@Message.ExtendedInfo`). */
const infoOf = (part: Resource): readonly unknown[] =>
  Object.entries(part)
    .filter(([name]) => name.endsWith(infoKey))
    .flatMap(([, info]) => (Array.isArray(info) ? info : [info]));

export const messagesOf = (body: unknown): readonly BmcMessage[] => {
  if (!isResource(body)) return [];
  const error = isResource(body["error"]) ? body["error"] : {};
  const infos = [...infoOf(error), ...infoOf(body)].map(toMessage);
  // error.message repeats or points to what ExtendedInfo says better.
  const text = infos.some((info) => info.text !== "") ? undefined : error["message"];
  const own = toMessage({ MessageId: error["code"], Message: text });
  return own.id === "" && own.text === "" ? infos : [...infos, own];
};

/** The words of an answer that is not JSON: an HTML page's title or text, shortened. */
const plainText = (text: string): string => {
  const title = /<title[^>]*>([^<]+)/i.exec(text)?.[1];
  return (title ?? text.replaceAll(/<(script|style)[^]*?<\/\1>|<[^>]*>/gi, " ")).replaceAll(/\s+/g, " ").trim();
};

const longestText = 500;

/** The service's own words, general ones left out where it has better. */
const wordsOf = ({ messages, text }: Refusal): string => {
  const specific = messages.filter(({ id }) => id !== "GeneralError" && id !== "ExtendedInfo");
  const texts = (specific.some((message) => message.text !== "") ? specific : messages).map((message) => message.text);
  const words = [...new Set(texts.filter((each) => each !== ""))].join(" ");
  return (words === "" ? plainText(text) : words).slice(0, longestText);
};

/** An id of a rule may leave out registry and version. */
const hasId = ({ fullId }: BmcMessage, wanted: string): boolean => fullId === wanted || fullId.endsWith(`.${wanted}`);

const ruleHolds = ({ match: { id, status, text } }: ErrorRule, refusal: Refusal, words: string): boolean =>
  (id === undefined || refusal.messages.some((message) => hasId(message, id))) &&
  (status === undefined || status === refusal.status) &&
  (text === undefined || new RegExp(text, "iu").test(words));

const knownMeaning = (message: BmcMessage): { meaning: Meaning; message: BmcMessage } | undefined => {
  const meaning = meanings[message.id];
  return meaning === undefined ? undefined : { meaning, message };
};

/** Of several messages the one that says more than that something was wrong with the request. */
const meaningOf = (refusal: Refusal, rules: readonly ErrorRule[]): { meaning: Meaning; message?: BmcMessage } => {
  const words = wordsOf(refusal);
  const rule = rules.find((each) => ruleHolds(each, refusal, words));
  if (rule !== undefined) {
    const { code, hint, action } = rule;
    const message = refusal.messages.find((each) => rule.match.id !== undefined && hasId(each, rule.match.id));
    return { meaning: { code, ...(hint && { hint }), ...(action && { action }) }, ...(message && { message }) };
  }
  const known = refusal.messages.map(knownMeaning).filter((found) => found !== undefined);
  const found = known.find(({ meaning }) => meaning.code !== "BMC_REJECTED") ?? known[0];
  return found ?? { meaning: { code: byStatus[refusal.status] ?? "BMC_REJECTED" } };
};

/** What a refusal asks the driver to do about it, if anything. */
export const actionFor = (refusal: Refusal, rules: readonly ErrorRule[]): ErrorAction | undefined =>
  meaningOf(refusal, rules).meaning.action;

/** The same of the error that was made of it. */
export const actionOf = (error: unknown): ErrorAction | undefined => {
  const action = error instanceof MediabayError ? error.context["action"] : undefined;
  return errorActions.find((each) => each === action);
};

const generalIds = new Set(["", "GeneralError", "ExtendedInfo"]);

/** The error for a refused request. `context` says which request it was. */
export const rejection = (refusal: Refusal, context: ErrorContext, rules: readonly ErrorRule[]): MediabayError => {
  const { meaning, message } = meaningOf(refusal, rules);
  const told = message ?? refusal.messages.find(({ id }) => !generalIds.has(id)) ?? refusal.messages[0];
  const words = wordsOf(refusal);
  return new MediabayError(meaning.code, `The BMC answered ${refusal.status}${words === "" ? "" : `: ${words}`}`, {
    protocol: "redfish",
    ...context,
    status: refusal.status,
    ...(told === undefined || told.fullId === "" ? {} : { bmcCode: told.fullId }),
    ...(words === "" ? {} : { bmcText: words }),
    ...(meaning.hint === undefined ? {} : { hint: meaning.hint }),
    ...(meaning.action === undefined ? {} : { action: meaning.action }),
  });
};

/** The BMC has no more sessions to give: Basic may still work. */
export const isSessionLimit = ({ status, messages }: Refusal): boolean =>
  messages.some(({ id }) => id === "SessionLimitExceeded") || status === 503;
