// An image plane on the loopback with images of a temporary folder, and raw requests to it.
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import type { Clock } from "../../src/core/driver.ts";
import type { Log, PublicationCatalog, PublicationRecord } from "../../src/core/ports.ts";
import { createIncoming } from "../../src/images/incoming.ts";
import type { ContentLimits, ImageFiles } from "../../src/images/plane/contents.ts";
import type { UrlSettings } from "../../src/images/plane/urls.ts";
import type { PublicationBook, PublicationDeps } from "../../src/images/publications/book.ts";
import { createPublications } from "../../src/images/publish.ts";
import { type ImagePlane, type ImagePlaneOptions, startImagePlane } from "../../src/images/server.ts";
import { createSealedFiles } from "../../src/images/sealed/files.ts";
import { systemClock } from "../../src/wire/clock.ts";
import { createMemoryImageKeys } from "./memory-image-keys.ts";
import { createMemoryPublications } from "./memory-publications.ts";

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};

/** `size` bytes that differ from place to place and are the same each time. */
export const patternBytes = (size: number, seed = 1): Buffer => {
  const bytes = Buffer.allocUnsafe(size);
  let state = seed * 2_654_435_761;
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
};

export interface TestImages extends ImageFiles {
  /** Of the sealed files, each named by its digest. */
  readonly folder: string;
  /** How often each image was opened. */
  readonly opened: ReadonlyMap<string, number>;
  add(bytes: Buffer): Promise<string>;
  close(): Promise<void>;
}

/** @param cacheBytes for opened chunks of those that are not kept in memory whole */
export const createTestImages = async (cacheBytes?: number): Promise<TestImages> => {
  const folder = await mkdtemp(join(tmpdir(), "mediabay-images-"));
  const opened = new Map<string, number>();
  const files = createSealedFiles({
    folder,
    keys: createMemoryImageKeys(),
    clock: systemClock,
    ...(cacheBytes !== undefined && { cacheBytes }),
  });
  await files.start(() => Promise.resolve(undefined));
  return {
    folder,
    opened,
    async add(bytes) {
      const incoming = await createIncoming(
        folder,
        () => Promise.resolve(),
        () => undefined,
      );
      await incoming.write(bytes);
      const digest = await incoming.seal();
      await files.place(incoming, digest);
      return digest;
    },
    open(digest) {
      opened.set(digest, (opened.get(digest) ?? 0) + 1);
      return files.open(digest);
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
};

export interface TestPlaneOptions
  extends Partial<Omit<ImagePlaneOptions, "publications">>,
    Partial<
      Pick<PublicationDeps, "onRead" | "onStrangerRead" | "onStrangerRefused" | "onNews" | "onEnded" | "filesOf">
    > {
  readonly images: TestImages;
  readonly catalog?: PublicationCatalog;
  readonly urls?: UrlSettings;
  readonly contentLimits?: ContentLimits;
}

export interface TestPlane {
  readonly plane: ImagePlane;
  readonly book: PublicationBook;
  readonly port: number;
  publish(digest: string, change?: Partial<Parameters<PublicationBook["publish"]>[0]>): Promise<PublicationRecord>;
  close(): Promise<void>;
}

/** Listens with http on 127.0.0.1 unless told otherwise. */
export const startTestPlane = async (options: TestPlaneOptions): Promise<TestPlane> => {
  const {
    images,
    catalog = createMemoryPublications(),
    urls,
    contentLimits,
    onRead,
    onStrangerRead,
    onStrangerRefused,
    onNews,
    onEnded,
    filesOf,
    ...plane
  } = options;
  const clock: Clock = options.clock ?? systemClock;
  const book = createPublications({
    catalog,
    files: images,
    clock,
    log: options.log ?? silentLog,
    ...(urls && { urls }),
    ...(contentLimits && { contentLimits }),
    ...(onRead && { onRead }),
    ...(onStrangerRead && { onStrangerRead }),
    ...(onStrangerRefused && { onStrangerRefused }),
    ...(onNews && { onNews }),
    ...(onEnded && { onEnded }),
    ...(filesOf && { filesOf }),
  });
  const started = await startImagePlane({
    ...(plane.https ? {} : { http: { host: "127.0.0.1", port: 0 } }),
    ...plane,
    clock,
    log: options.log ?? silentLog,
    publications: book,
  });
  return {
    plane: started,
    book,
    port: started.addresses[0]?.port ?? 0,
    publish: (digest, change) =>
      book.publish({
        attachmentId: "attachment-1",
        machineId: "machine-1",
        digest,
        extension: "iso",
        bmcHost: "127.0.0.1",
        schemes: ["http", "https"],
        ...change,
      }),
    close: () => started.close(0),
  };
};

export interface RawAnswer {
  readonly status: number;
  readonly version: string;
  /** As they came, in their case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** First value of a header, by lower-case name. */
  header(name: string): string | undefined;
}

/** A TCP or TLS connection on which a test writes bytes and reads answers as they are. */
export interface RawClient {
  readonly socket: Socket;
  write(text: string): void;
  /** The next answer; `bodyless` for the answer to a HEAD. Rejects when the peer ends first. */
  answer(bodyless?: boolean): Promise<RawAnswer>;
  /** Everything that still comes until the peer closes. */
  rest(): Promise<Buffer>;
  close(): void;
}

/** The first answer, or how many bytes must be there before looking again is of use. */
const parseAnswer = (received: Buffer, bodyless: boolean): { answer: RawAnswer; used: number } | number => {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return received.length + 1;
  const [first = "", ...lines] = received.subarray(0, end).toString("latin1").split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  const header = (name: string): string | undefined => headers.find(([key]) => key.toLowerCase() === name)?.[1];
  const status = Number(first.split(" ")[1]);
  const hasBody = !bodyless && status >= 200 && status !== 304;
  const length = hasBody ? Number(header("content-length") ?? 0) : 0;
  const used = end + 4 + length;
  if (received.length < used) return used;
  const body = Buffer.from(received.subarray(end + 4, used));
  return { answer: { status, version: first.split(" ")[0] ?? "", headers, body, header }, used };
};

export const rawClient = async (
  port: number,
  options: { readonly ca?: string; readonly allowHalfOpen?: boolean; readonly host?: string } = {},
): Promise<RawClient> => {
  const { ca, allowHalfOpen = true, host = "127.0.0.1" } = options;
  const socket: Socket = ca === undefined ? connect({ port, host, allowHalfOpen }) : connectTls({ port, host, ca });
  let received = Buffer.alloc(0);
  const chunks: Buffer[] = [];
  const gather = (): Buffer => {
    received = Buffer.concat([received, ...chunks.splice(0)]);
    return received;
  };
  const state = { ended: false };
  let wake: () => void = () => undefined;
  const moved = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  const finish = (): void => {
    state.ended = true;
    wake();
  };
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    wake();
  });
  socket.on("end", finish);
  socket.on("close", finish);
  socket.on("error", finish);
  await new Promise((resolve, reject) => {
    socket.once(ca === undefined ? "connect" : "secureConnect", resolve);
    socket.once("error", reject);
  });
  return {
    socket,
    write: (text) => void socket.write(text, "latin1"),
    async answer(bodyless = false) {
      for (;;) {
        const parsed = parseAnswer(gather(), bodyless);
        if (typeof parsed !== "number") {
          received = received.subarray(parsed.used);
          return parsed.answer;
        }
        const missing = parsed - received.length;
        do {
          if (state.ended) throw new Error("the connection ended before an answer was whole");
          await moved();
        } while (!state.ended && chunks.reduce((sum, { length }) => sum + length, 0) < missing);
      }
    },
    async rest() {
      while (!state.ended) await moved();
      return gather();
    },
    close: () => socket.destroy(),
  };
};

/** One request on a connection of its own. `head` is the request line and headers, without the empty line. */
export const rawRequest = async (port: number, head: string, ca?: string): Promise<RawAnswer> => {
  const client = await rawClient(port, ca === undefined ? {} : { ca });
  try {
    client.write(`${head}\r\n\r\n`);
    return await client.answer(head.startsWith("HEAD "));
  } finally {
    client.close();
  }
};
