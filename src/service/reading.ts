// What BMCs read of their publications, put on record: in the audit trail, in the events of the operation that attached, and as a warning
// where the BMC gets no more of a medium that is still in.
import type { Clock, Json } from "../core/driver.ts";
import type { AttachmentStore, AuditLog, Journal, Log } from "../core/ports.ts";
import type { AttachmentRecord, FileReads } from "../core/records.ts";
import type { PublicationDeps, Published } from "../images/publications/book.ts";
import type { EndReason } from "../images/publications/terms.ts";
import type { ReadNews } from "../images/reads/read-log.ts";

export interface ReadingDeps {
  readonly attachments: Pick<AttachmentStore, "get" | "update">;
  readonly audit: Pick<AuditLog, "append">;
  readonly journal: Pick<Journal, "progress">;
  readonly clock: Clock;
  readonly log: Log;
}

export type Reading = Required<
  Pick<PublicationDeps, "onRead" | "onStrangerRead" | "onStrangerRefused" | "onNews" | "onEnded">
> & {
  /** Resolves when all that was told is on record. */
  settled(): Promise<void>;
};

/** Of an image with more files than a config drive has, only that all was read is on record. */
const mostFilesTold = 64;

const endTexts: Readonly<Record<EndReason, string>> = {
  expired: "The publication's time limit has passed: the BMC gets no more of the image.",
  read: "The image was read in full as often as its terms allow: the BMC gets no more of it.",
};

/** The image plane never waits for it; a store that fails here has failed louder elsewhere. */
export const createReading = (deps: ReadingDeps): Reading => {
  let last: Promise<void> = Promise.resolve();
  const inOrder = (
    { attachmentId, digest }: Published,
    work: (attachment: AttachmentRecord) => Promise<void>,
  ): void => {
    last = last.then(async () => {
      try {
        // While its image is being replaced, an attachment is still of the former one.
        await work({ ...(await deps.attachments.get(attachmentId)), digest });
      } catch (error) {
        deps.log.warn({ attachment: attachmentId, error }, "what a BMC read was not put on record");
      }
    });
  };
  const noteStranger = (published: Published, action: string, remote: string): void => {
    const entry = { at: deps.clock.now(), actor: "stranger", action, detail: { remote } };
    inOrder(published, (attachment) => append(deps, attachment, entry));
  };
  return {
    onRead: (published, first) => {
      const at = deps.clock.now();
      if (first) inOrder(published, (attachment) => append(deps, attachment, { at, action: "image.first-read" }));
    },
    onStrangerRead: (published, remote) => noteStranger(published, "image.stranger-read", remote),
    onStrangerRefused: (published, remote) => noteStranger(published, "image.stranger-refused", remote),
    onNews: (published, news) => inOrder(published, (attachment) => noteNews(deps, attachment, news)),
    onEnded: (published, why) => inOrder(published, (attachment) => noteEnd(deps, attachment, why)),
    settled: () => last,
  };
};

interface Entry {
  readonly at: number;
  readonly action: string;
  readonly actor?: string;
  readonly detail?: Json;
}

const append = (
  { audit }: ReadingDeps,
  { id, machineId, machineName, digest }: AttachmentRecord,
  { at, action, actor = "bmc", detail = {} }: Entry,
): Promise<void> =>
  audit.append({
    at,
    actor,
    action,
    machineId,
    machineName,
    attachmentId: id,
    ...(digest !== undefined && { digest }),
    detail,
  });

const noteNews = async (
  deps: ReadingDeps,
  attachment: AttachmentRecord,
  { pattern, files, whole }: ReadNews,
): Promise<void> => {
  for (const file of files.length > mostFilesTold ? [] : files) await noteFile(deps, attachment, file);
  if (!whole) return;
  await append(deps, attachment, { at: deps.clock.now(), action: "image.read", detail: { pattern } });
  await deps.journal.progress(attachment.operationId, "progress", {
    attachment: attachment.id,
    read: "all",
    pattern,
    text: pattern === "pieces" ? "the BMC has read every file" : "the BMC has the whole image",
  });
};

const noteFile = async (
  deps: ReadingDeps,
  attachment: AttachmentRecord,
  { path, sizeBytes, completeAt = deps.clock.now() }: FileReads,
): Promise<void> => {
  const detail = { file: path, sizeBytes };
  await append(deps, attachment, { at: completeAt, action: "image.file-read", detail });
  await deps.journal.progress(attachment.operationId, "progress", {
    attachment: attachment.id,
    ...detail,
    text: `the BMC has read ${path}`,
  });
};

const noteEnd = async (deps: ReadingDeps, attachment: AttachmentRecord, why: EndReason): Promise<void> => {
  const text = endTexts[why];
  if (attachment.warnings.includes(text)) return;
  const entry = { at: deps.clock.now(), actor: "mediabay", action: "publication.ended", detail: { why } };
  await append(deps, attachment, entry);
  await deps.attachments.update(attachment.id, { warnings: [...attachment.warnings, text] });
  await deps.journal.progress(attachment.operationId, "warning", { attachment: attachment.id, text });
};
