// What a test opens is closed when it is over.
import { onTestFinished } from "vitest";
import { type Answer, type ImageOrigin, startImageOrigin } from "./image-origin.ts";

export const closedAfterwards = <T extends { close(): Promise<unknown> }>(opened: T): T => {
  onTestFinished(async () => {
    await opened.close();
  });
  return opened;
};

export const originOf = async (...script: readonly [Answer, ...Answer[]]): Promise<ImageOrigin> =>
  closedAfterwards(await startImageOrigin(...script));
