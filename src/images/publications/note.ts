// Takes what was asked of a publication into its reads, has it written, and tells at once what is new of it.
import type { OneRead } from "../reads/read-log.ts";
import type { PublicationDeps } from "./book.ts";
import type { ReadFlusher } from "./flush.ts";
import { type LearnDeps, tryToLearn } from "./learn.ts";
import type { LivePublication } from "./live.ts";

export interface NoteDeps
  extends LearnDeps,
    Pick<PublicationDeps, "clock" | "onRead" | "onStrangerRead" | "onStrangerRefused"> {}

export const noteRead = (
  deps: NoteDeps,
  flusher: ReadFlusher,
  live: LivePublication,
  read: Omit<OneRead, "at">,
): void => {
  const { record, reads } = live;
  const { proof } = reads;
  const isNew = reads.note({ ...read, at: deps.clock.now() });
  flusher.wake();
  if (reads.proof > proof) flusher.hurry(live);
  if (read.stranger && isNew) deps.onStrangerRead?.(record, read.remote);
  if (!read.stranger && read.to > read.from) deps.onRead?.(record, isNew);
};

/** It is as a request that got nothing. As all that is noted, once the image is known; after a start nobody may have asked for it yet. */
export const noteRefused = async (
  deps: NoteDeps,
  flusher: ReadFlusher,
  live: LivePublication,
  remote: string,
): Promise<void> => {
  if (!live.reads.isReady) await tryToLearn(deps, live);
  const refused = { remote, method: "GET", from: 0, to: 0, at: deps.clock.now(), stranger: true } as const;
  const isNew = live.reads.note(refused);
  flusher.wake();
  if (isNew) deps.onStrangerRefused?.(live.record, remote);
};
