// Reads an image over HTTP(S) as BMCs do. `ranges`: HEAD, then single ranges over a kept connection, as network block devices in BMC
// firmware read; no redirect is followed and `Accept-Ranges: bytes` must stand there literally. `ranges-without-head`: a first range tells
// the size. `upload`: one plain GET of everything.
import { createHash } from "node:crypto";
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

/** One request of a reader; the bytes are `[from, to)`. `status` is 0 when no whole answer came. */
export interface ImageRead {
  readonly method: "HEAD" | "GET";
  readonly from: number;
  readonly to: number;
  readonly status: number;
}

export interface ImageReaderOptions {
  readonly url: string;
  readonly style: "ranges" | "ranges-without-head" | "upload";
  readonly blockBytes: number;
  readonly timeoutMs: number;
  /** PEM. With it an https server is verified, with an empty list none passes; without it any certificate will do. */
  readonly ca: readonly string[] | undefined;
  /** Instead of those in the URL. */
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
}

/** Why an image cannot be read. `status` is the server's, absent when it gave none. */
export class ImageReadError extends Error {
  readonly status: number | undefined;
  /** The server's certificate is not trusted. */
  readonly untrusted: boolean;

  constructor(text: string, status?: number, options?: { cause?: unknown }) {
    super(text, options);
    this.name = "ImageReadError";
    this.status = status;
    this.untrusted = isDistrust(options?.cause);
  }
}

/** Codes of OpenSSL's verification, as node:tls names them. */
const isDistrust = (cause: unknown): boolean =>
  cause instanceof Error &&
  "code" in cause &&
  /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|ALTNAME/u.test(String(cause.code));

interface Answer {
  readonly status: number;
  readonly response: IncomingMessage;
  readonly bytes: number;
}

interface Ask {
  readonly method: "HEAD" | "GET";
  readonly from: number;
  readonly to: number;
  readonly range?: string;
  readonly onChunk?: (chunk: Buffer) => void;
}

const agentOf = (secure: boolean, ca: readonly string[] | undefined): HttpAgent => {
  const kept = { keepAlive: true, maxSockets: 1 };
  if (!secure) return new HttpAgent(kept);
  return new HttpsAgent({ ...kept, ...(ca === undefined ? { rejectUnauthorized: false } : { ca: [...ca] }) });
};

export class ImageReader {
  readonly #options: ImageReaderOptions;
  readonly #url: URL;
  readonly #agent: HttpAgent;
  readonly #closed = new AbortController();
  readonly #reads: ImageRead[] = [];
  #bytesRead = 0;
  #sizeBytes = 0;
  #sha256: string | undefined;

  constructor(options: ImageReaderOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    this.#agent = agentOf(this.#url.protocol === "https:", options.ca);
  }

  get url(): string {
    return this.#options.url;
  }

  get reads(): readonly ImageRead[] {
    return [...this.#reads];
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Of the whole image, once it was probed. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** SHA-256 of the whole image, once it has been read from the first byte to the last. */
  get sha256(): string | undefined {
    return this.#sha256;
  }

  /** What a BMC does before it says "inserted". @throws ImageReadError */
  async probe(): Promise<void> {
    if (this.#options.style === "upload") return this.#upload();
    await (this.#options.style === "ranges" ? this.#head() : this.#firstByte());
    const size = this.#sizeBytes;
    const block = this.#options.blockBytes;
    // The first block, where the ISO 9660 volume descriptors begin, and the last block.
    const places = [
      [0, block],
      [32_768, 34_816],
      [Math.max(0, size - block), size],
    ] as const;
    for (const [from, to] of places) if (from < size) await this.#readRange(from, Math.min(to, size));
    return undefined;
  }

  /** What a host does when it boots from the medium. @throws ImageReadError, also when `signal` interrupts it */
  async readAll(signal: AbortSignal): Promise<void> {
    // An uploaded image is on board: the host reads the BMC's copy.
    if (this.#options.style === "upload") return;
    const hash = createHash("sha256");
    const block = this.#options.blockBytes;
    for (let from = 0; from < this.#sizeBytes; from += block) {
      if (signal.aborted) throw new ImageReadError("interrupted by a reset");
      await this.#readRange(from, Math.min(from + block, this.#sizeBytes), (chunk) => hash.update(chunk));
    }
    this.#sha256 = hash.digest("hex");
  }

  /** Ends requests under way and drops the connection. */
  close(): void {
    this.#closed.abort();
    this.#agent.destroy();
  }

  async #head(): Promise<void> {
    const { status, response } = await this.#ask({ method: "HEAD", from: 0, to: 0 });
    if (status !== 200) throw new ImageReadError(`HEAD answered ${status}`, status);
    if (!hasLiteralAcceptRanges(response.rawHeaders)) throw new ImageReadError("server does not support range", status);
    const length = response.headers["content-length"] ?? "";
    if (!/^[1-9]\d*$/u.test(length)) throw new ImageReadError("server does not give a Content-Length", status);
    this.#sizeBytes = Number(length);
  }

  /** The size, from the Content-Range of a single byte. */
  async #firstByte(): Promise<void> {
    const { status, response } = await this.#ask({ method: "GET", from: 0, to: 1, range: "bytes=0-0" });
    if (status !== 206) throw new ImageReadError(`ranged GET answered ${status}`, status);
    const size = /^bytes 0-0\/(\d+)$/u.exec(response.headers["content-range"] ?? "")?.[1];
    if (size === undefined) throw new ImageReadError("server does not give the size", status);
    this.#sizeBytes = Number(size);
  }

  async #readRange(from: number, to: number, onChunk: (chunk: Buffer) => void = () => undefined): Promise<void> {
    const range = `bytes=${from}-${to - 1}`;
    const { status, response, bytes } = await this.#ask({ method: "GET", from, to, range, onChunk });
    if (status !== 206) throw new ImageReadError(`ranged GET answered ${status}`, status);
    const expected = `bytes ${from}-${to - 1}/${this.#sizeBytes}`;
    if (response.headers["content-range"] !== expected || bytes !== to - from) {
      throw new ImageReadError(`ranged GET answered other bytes than ${expected}`, status);
    }
  }

  async #upload(): Promise<void> {
    const hash = createHash("sha256");
    const { status, bytes } = await this.#ask({
      method: "GET",
      from: 0,
      to: 0,
      onChunk: (chunk) => hash.update(chunk),
    });
    if (status !== 200) throw new ImageReadError(`GET answered ${status}`, status);
    this.#sizeBytes = bytes;
    this.#sha256 = hash.digest("hex");
  }

  /** One request, recorded. @throws ImageReadError when no whole answer comes */
  async #ask(ask: Ask): Promise<Answer> {
    const { method, from, to } = ask;
    try {
      const answer = await this.#exchange(ask);
      this.#reads.push({ method, from, to: from + answer.bytes, status: answer.status });
      return answer;
    } catch (cause) {
      this.#reads.push({ method, from, to, status: 0 });
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new ImageReadError(`${method} failed: ${text}`, undefined, { cause });
    }
  }

  #exchange({ method, range, onChunk }: Ask): Promise<Answer> {
    const { protocol, hostname, port, pathname, search } = this.#url;
    const target = { protocol, hostname: hostname.replaceAll(/^\[|\]$/gu, ""), port, path: pathname + search };
    const options = {
      ...target,
      method,
      agent: this.#agent,
      headers: this.#headers(range),
      signal: this.#closed.signal,
    };
    const send = protocol === "https:" ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(options, (response) => {
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.byteLength;
          this.#bytesRead += chunk.byteLength;
          onChunk?.(chunk);
        });
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, response, bytes }));
      });
      const { timeoutMs } = this.#options;
      request.setTimeout(timeoutMs, () => request.destroy(new Error(`no data for ${timeoutMs} ms`)));
      request.on("error", reject);
      request.end();
    });
  }

  #headers(range: string | undefined): Record<string, string> {
    const { credentials } = this.#options;
    const username = credentials?.username ?? decodeURIComponent(this.#url.username);
    const password = credentials?.password ?? decodeURIComponent(this.#url.password);
    const token = Buffer.from(`${username}:${password}`).toString("base64");
    return {
      Accept: "*/*",
      ...(username === "" ? {} : { Authorization: `Basic ${token}` }),
      ...(range === undefined ? {} : { Range: range }),
    };
  }
}

/** Some readers compare name and value case-sensitively, so the exact spelling is demanded. */
const hasLiteralAcceptRanges = (rawHeaders: readonly string[]): boolean =>
  rawHeaders.some((name, index) => index % 2 === 0 && name === "Accept-Ranges" && rawHeaders[index + 1] === "bytes");
