// Two published images on a running image plane, one served from memory and one from its file.
import {
  createTestImages,
  patternBytes,
  type RawAnswer,
  rawRequest,
  startTestPlane,
  type TestPlane,
} from "./image-plane.ts";

export interface PublishedPair {
  readonly running: TestPlane;
  readonly small: Buffer;
  readonly large: Buffer;
  /** URL paths of the two; their attachments are `attachment-1` and `attachment-2`. */
  readonly path: string;
  readonly largePath: string;
  /** A GET on a connection of its own; `headers` begin with a line break each. */
  readonly get: (headers?: string, target?: string) => Promise<RawAnswer>;
  readonly close: () => Promise<void>;
}

export const publishPair = async (): Promise<PublishedPair> => {
  const small = patternBytes(300_000);
  const large = patternBytes(9 << 20, 2);
  const images = await createTestImages();
  const running = await startTestPlane({ images });
  const path = new URL((await running.publish(await images.add(small))).url).pathname;
  const change = { attachmentId: "attachment-2", extension: "img" } as const;
  const largePath = new URL((await running.publish(await images.add(large), change)).url).pathname;
  return {
    running,
    small,
    large,
    path,
    largePath,
    get: (headers = "", target = path) => rawRequest(running.port, `GET ${target} HTTP/1.1\r\nHost: x${headers}`),
    close: async () => {
      await running.close();
      await images.close();
    },
  };
};

/** A head without the field that changes by itself. */
export const withoutDate = (headers: RawAnswer["headers"]): RawAnswer["headers"] =>
  headers.filter(([name]) => name !== "Date");
