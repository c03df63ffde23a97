// An attachment for people: what it is, where it went, what the BMC showed and read.
import { formatSize } from "../../core/units.ts";
import { fields, formatTime } from "../render.ts";
import type { AttachmentJson } from "../views.ts";
import { filesReadText } from "./files-read-text.ts";

const bootText = ({ boot }: AttachmentJson): string | undefined =>
  boot === undefined
    ? undefined
    : [boot.target, boot.enabled, boot.mode].filter((part) => part !== undefined).join(" ");

const readsText = ({ reads, sizeBytes }: AttachmentJson): string | undefined => {
  if (reads === undefined || reads.requests === 0) return undefined;
  const of = sizeBytes === undefined ? "" : ` of ${formatSize(sizeBytes)}`;
  return `${formatSize(reads.coveredBytes)}${of} in ${reads.requests} requests from ${reads.remotes.join(", ")}, last ${formatTime(reads.lastReadAt)}`;
};

const strangersText = ({ reads }: AttachmentJson): string | undefined =>
  reads?.strangers &&
  `${reads.strangers.requests} requests from ${reads.strangers.remotes.join(", ")}, not the BMC; they got ${reads.strangers.bytesSent === 0 ? "nothing" : formatSize(reads.strangers.bytesSent)}`;

const observedText = ({ observed }: AttachmentJson): string | undefined => {
  if (observed === undefined) return undefined;
  return observed.inserted ? `inserted ${observed.image ?? observed.imageName ?? ""}`.trim() : "empty";
};

const termsText = ({ terms }: AttachmentJson): string | undefined => {
  if (terms === undefined) return undefined;
  const { expiresAt, fullReads, onlyBmc } = terms;
  const parts = [
    ...(expiresAt === undefined ? [] : [`until ${formatTime(expiresAt)}`]),
    ...(fullReads === undefined ? [] : [fullReads === 1 ? "once" : `for ${fullReads} full reads`]),
    ...(onlyBmc === true ? ["to this BMC only"] : []),
  ];
  return parts.join(", ");
};

const ruleTexts: Readonly<Record<string, string>> = {
  never: "never by itself",
  read: "when the machine has read it",
  boot: "when the machine is started again",
  timer: "after a time",
};

const ruleText = ({ detachOn }: AttachmentJson): string | undefined => {
  if (detachOn === undefined) return undefined;
  const { at, afterMs } = detachOn;
  return afterMs === undefined ? (ruleTexts[at] ?? at) : `${ruleTexts[at] ?? at} (${afterMs / 1000} s)`;
};

export const attachmentText = (attachment: AttachmentJson): string =>
  fields([
    ["attachment", attachment.id],
    ["machine", attachment.machineName],
    ["role", attachment.role],
    ["state", attachment.state],
    ["source", attachment.source.display],
    ["digest", attachment.digest],
    ["size", attachment.sizeBytes === undefined ? undefined : formatSize(attachment.sizeBytes)],
    ["format", attachment.format],
    ["slot", attachment.slot === undefined ? undefined : `${attachment.slot} ${attachment.mediaType ?? ""}`.trim()],
    ["bmc shows", observedText(attachment)],
    ["boot", bootText(attachment)],
    ["reset", attachment.reset],
    ["read", readsText(attachment)],
    ["others", strangersText(attachment)],
    ["files", filesReadText(attachment)],
    ["served", termsText(attachment)],
    ["detached", ruleText(attachment)],
    ["left in", attachment.leftIn],
    ...attachment.warnings.map((warning) => ["warning", warning] as const),
    ["error", attachment.error === undefined ? undefined : `${attachment.error.code}: ${attachment.error.message}`],
    ["updated", formatTime(attachment.updatedAt)],
  ]);
