// Finds out which image a publication is of, so that its reads can be put to the account of the image's files.
import type { ImageFile } from "../../core/configdrive.ts";
import type { Log } from "../../core/ports.ts";
import type { ImageFiles } from "../plane/contents.ts";
import type { LivePublication } from "./live.ts";

export interface LearnDeps {
  readonly files: ImageFiles;
  readonly log: Log;
  filesOf?(digest: string): Promise<readonly ImageFile[]>;
}

/** Once, however many ask. Files that cannot be found are none. @throws what `ImageFiles.open` throws, where the size is not given */
export const learn = async (deps: LearnDeps, live: LivePublication, sizeBytes?: number): Promise<void> => {
  if (live.reads.isReady) return;
  live.learning ??= learnNow(deps, live, sizeBytes).finally(() => (live.learning = undefined));
  await live.learning;
};

/** An image that cannot be opened is logged. */
export const tryToLearn = async (deps: LearnDeps, live: LivePublication): Promise<void> => {
  try {
    await learn(deps, live);
  } catch (error) {
    deps.log.warn({ error, attachmentId: live.record.attachmentId }, "a published image could not be opened");
  }
};

const learnNow = async (deps: LearnDeps, { record, reads }: LivePublication, known?: number): Promise<void> => {
  const sizeBytes = known ?? (await sizeOf(deps.files, record.digest));
  reads.know(sizeBytes, await filesOf(deps, record.digest));
};

const sizeOf = async (files: ImageFiles, digest: string): Promise<number> => {
  const reader = await files.open(digest);
  await reader.close();
  return reader.sizeBytes;
};

/** An image that nobody can look into is served like any other. */
const filesOf = async (deps: LearnDeps, digest: string): Promise<readonly ImageFile[]> => {
  try {
    return (await deps.filesOf?.(digest)) ?? [];
  } catch (error) {
    deps.log.debug({ error, digest }, "the files of a published image are not known");
    return [];
  }
};
