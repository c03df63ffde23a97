// When an attachment is detached by itself: what its rule asks for, judged by what is known. Pure.
import { MediabayError } from "../../core/errors.ts";
import { driveVersionOf, isNoCloudFile } from "../../core/drive-paths.ts";
import type { AttachmentRecord, DetachRule, FileReads, ReadSummary } from "../../core/records.ts";

const quietDefaultMs = 30_000;

/** @throws MediabayError INVALID_REQUEST */
export const checkDetachRule = (rule: DetachRule | undefined): void => {
  if (rule === undefined) return;
  const { at, afterMs } = rule;
  const isTimed = at === "timer" || at === "read";
  if (at === "timer" && afterMs === undefined) throw invalid("is needed with `timer`");
  if (!isTimed && afterMs !== undefined) throw invalid("goes with `timer` and `read` only");
};

const invalid = (problem: string): MediabayError =>
  new MediabayError("INVALID_REQUEST", `detachOn.afterMs ${problem}.`, { field: "detachOn.afterMs" });

/** `untold`: what the host read cannot be told, so that the rule never comes true by itself. */
export type Verdict = "due" | "wait" | "untold";

export const judgeTimer = ({ detachOn, attachedAt, updatedAt }: AttachmentRecord, now: number): Verdict => {
  const { afterMs } = detachOn ?? {};
  return afterMs !== undefined && now - (attachedAt ?? updatedAt) >= afterMs ? "due" : "wait";
};

/** All that cloud-init needs was read in pieces, as the host asks for them, and nothing since. */
export const judgeReads = ({ detachOn, sizeBytes }: AttachmentRecord, reads: ReadSummary, now: number): Verdict => {
  const { lastReadAt, pattern } = reads;
  if (lastReadAt === undefined || pattern === "none") return "wait";
  // A host that begins at the first byte looks like a download until its next step.
  const isQuiet = now - lastReadAt >= (detachOn?.afterMs ?? quietDefaultMs);
  if (!isQuiet) return "wait";
  if (pattern !== "pieces") return "untold";
  return isRead(reads, sizeBytes) ? "due" : "wait";
};

const isComplete = ({ sizeBytes, readBytes }: FileReads): boolean => readBytes >= sizeBytes;

/**
 * One version of `openstack/` is enough: cloud-init reads the newest that it knows, which need not be `latest`. Of NoCloud its files in
 * the root; of anything else, all files; where not all are known, all bytes.
 */
const isRead = (reads: ReadSummary, sizeBytes = Infinity): boolean => {
  const { settledBytes = reads.coveredBytes, files = [], filesLeftOut = 0 } = reads;
  const ofVersions = files.filter(({ path }) => driveVersionOf(path) !== undefined);
  const ofRoot = files.filter(({ path }) => isNoCloudFile(path));
  const needed = [ofVersions, ofRoot].find(({ length }) => length > 0) ?? files;
  // A list that is cut begins with what is needed: where there is nothing else in it, it may have been cut within that.
  const isCut = filesLeftOut > 0 && needed.length === files.length;
  if (isCut || needed.length === 0) return settledBytes >= sizeBytes;
  if (needed !== ofVersions) return needed.every(isComplete);
  const versions = Map.groupBy(ofVersions, ({ path }) => driveVersionOf(path));
  return [...versions.values()].some((version) => version.every(isComplete));
};
