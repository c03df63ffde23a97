// What a Redfish service says when it refuses (DSP0266 "Error responses"), in our codes: by MessageId first, by HTTP status else,
// by text only where a quirk says so.
import { MediabayError, type ErrorCode, type ErrorContext } from "../../core/errors.ts";
import type { ErrorRule } from "./quirks.ts";
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

interface Meaning {
  readonly code: ErrorCode;
  readonly hint?: string;
}

const licence: Meaning = { code: "BMC_UNLICENSED" };
const busy: Meaning = { code: "BMC_BUSY" };
const occupied: Meaning = { code: "SLOT_OCCUPIED" };
const unsupported: Meaning = { code: "UNSUPPORTED_BY_BMC" };
const unreadable: Meaning = {
  code: "BMC_REJECTED",
  hint: "The BMC could not read the image's URL; check that it can reach the image plane.",
};
const disabled: Meaning = {
  code: "BMC_REJECTED",
  hint: "Virtual media is switched off in the BMC; switch it on there.",
};
const refused: Meaning = { code: "BMC_AUTHENTICATION" };

// Sources: redfish-quirks §2.0. The Base registry is DSP8011; the others are message registries of products.
const meanings: Readonly<Record<string, Meaning>> = {
  VRM0012: occupied,
  VRM0021: occupied,
  MaxVirtualMediaConnectionEstablished: occupied,
  ResourceInUseWithDetail: occupied,
  UnableToModifyAfterVirtualMediaInsert: occupied,
  RAC0904: unreadable,
  CouldNotEstablishConnection: unreadable,
  ResourceAtUriUnauthorized: unreadable,
  RAC0218: busy,
  SYS518: busy,
  SYS446: busy,
  RAC0508: busy,
  RAC0679: busy,
  LC068: busy,
  UnableToModifyDuringSystemPOST: busy,
  InvalidOperationForSystemState: busy,
  DelayInActionCompletion: busy,
  ActionParameterValueConflict: busy,
  SessionLimitExceeded: busy,
  ResourceInUse: busy,
  ResourceInStandby: busy,
  ServiceInUnknownState: busy,
  ServiceShuttingDown: busy,
  ServiceTemporarilyUnavailable: busy,
  LicenseKeyRequired: licence,
  LicenseRequired: licence,
  OemLicenseNotPassed: licence,
  VirtualMediaIsDisabled: disabled,
  SourceDoesNotSupportProtocol: unsupported,
  ResourceAtUriInUnknownFormat: unsupported,
  ActionNotSupported: unsupported,
  ActionParameterValueNotInList: unsupported,
  PropertyValueNotInList: unsupported,
  InsufficientPrivilege: refused,
  NoValidSession: refused,
};

const byStatus: Readonly<Record<number, ErrorCode>> = {
  401: "BMC_AUTHENTICATION",
  403: "BMC_AUTHENTICATION",
  405: "UNSUPPORTED_BY_BMC",
  408: "BMC_TIMEOUT",
  429: "BMC_BUSY",
  501: "UNSUPPORTED_BY_BMC",
  502: "BMC_BUSY",
  503: "BMC_BUSY",
  504: "BMC_TIMEOUT",
};

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

const ruleHolds = ({ match }: ErrorRule, refusal: Refusal, words: string): boolean =>
  (match.id === undefined || refusal.messages.some(({ fullId }) => fullId.endsWith(match.id ?? ""))) &&
  (match.status === undefined || match.status === refusal.status) &&
  (match.text === undefined || new RegExp(match.text, "iu").test(words));

const meaningOf = (refusal: Refusal, rules: readonly ErrorRule[]): { meaning: Meaning; message?: BmcMessage } => {
  const words = wordsOf(refusal);
  const rule = rules.find((each) => ruleHolds(each, refusal, words));
  if (rule !== undefined) return { meaning: { code: rule.code, ...(rule.hint ? { hint: rule.hint } : {}) } };
  for (const message of refusal.messages) {
    const meaning = meanings[message.id];
    if (meaning !== undefined) return { meaning, message };
  }
  return { meaning: { code: byStatus[refusal.status] ?? "BMC_REJECTED" } };
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
  });
};

/** The BMC has no more sessions to give: Basic may still work. */
export const isSessionLimit = ({ status, messages }: Refusal): boolean =>
  messages.some(({ id }) => id === "SessionLimitExceeded" || id === "RAC0218") || status === 503;
