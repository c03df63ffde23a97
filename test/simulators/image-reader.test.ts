// The reader of images is as strict as the strictest BMC known: what it lets pass, others will read.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { ImageReader, type ImageReaderOptions } from "../../src/simulators/image-reader.ts";
import { type OriginOptions, startOrigin } from "../../src/simulators/origin.ts";
import { makeCertificate } from "../tools/certificate.ts";
import { imageBytes } from "./redfish-client.ts";

const image = imageBytes(100_000);

const readerOf = (url: string, options: Partial<ImageReaderOptions> = {}): ImageReader => {
  const defaults = { blockBytes: 65_536, timeoutMs: 2000, ca: undefined, credentials: undefined };
  const reader = new ImageReader({ url, style: "ranges", ...defaults, ...options });
  onTestFinished(() => reader.close());
  return reader;
};

const serve = async (options: OriginOptions = {}) => {
  const origin = await startOrigin({ files: { "a.iso": image }, ...options });
  onTestFinished(() => origin.close());
  return origin;
};

/** A server whose every answer is made by hand. */
const answering = async (answer: (response: ServerResponse) => void): Promise<string> => {
  const server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.iso`;
};

describe("a ranged reader", () => {
  test.each([
    ["accept-ranges", "bytes"],
    ["Accept-Ranges", "Bytes"],
    ["Accept-Ranges", "none"],
  ])("takes %s: %s for no support of ranges", async (name, value) => {
    const url = await answering((response) =>
      response.writeHead(200, { [name]: value, "Content-Length": "100000" }).end(),
    );
    await expect(readerOf(url).probe()).rejects.toThrow("server does not support range");
  });

  test("refuses a range that was answered with others", async () => {
    const headers = { "Accept-Ranges": "bytes", "Content-Length": "100000" };
    const url = await answering((response) => {
      if (response.req.method === "HEAD") response.writeHead(200, headers).end();
      else response.writeHead(206, { "Content-Range": "bytes 0-9/100000", "Content-Length": "10" }).end("0123456789");
    });
    await expect(readerOf(url).probe()).rejects.toThrow("other bytes than bytes 0-65535/100000");
  });

  test("gives up when nothing comes", async () => {
    const url = await answering(() => undefined);
    const reader = readerOf(url, { timeoutMs: 50 });
    await expect(reader.probe()).rejects.toThrow("HEAD failed: no data for 50 ms");
    expect(reader.reads).toEqual([{ method: "HEAD", from: 0, to: 0, status: 0 }]);
  });

  test("reads over https, and verifies where it was given a CA", async () => {
    const [ours, other] = [await makeCertificate(["127.0.0.1"]), await makeCertificate(["127.0.0.1"])];
    const url = (await serve({ tls: ours })).urlOf("a.iso");
    const trusting = readerOf(url, { ca: [ours.cert] });
    await trusting.probe();
    await trusting.readAll(new AbortController().signal);
    expect(trusting.sha256).toMatch(/^[0-9a-f]{64}$/u);
    await expect(readerOf(url, { ca: [other.cert] }).probe()).rejects.toThrow("self-signed certificate");
    await expect(readerOf(url).probe()).resolves.toBeUndefined();
  });

  test("takes credentials out of the URL unless it was given others", async () => {
    const origin = await serve({ credentials: { username: "u", password: "p w" } });
    const withUser = origin.urlOf("a.iso").replace("//", "//u:p%20w@");
    await expect(readerOf(withUser).probe()).resolves.toBeUndefined();
    const others = { credentials: { username: "x", password: "y" } };
    await expect(readerOf(withUser, others).probe()).rejects.toThrow("HEAD answered 401");
  });

  test("is broken off by its close", async () => {
    const origin = await serve();
    const reader = readerOf(origin.urlOf("a.iso"));
    await reader.probe();
    origin.setFault({ kind: "drip", chunkBytes: 10, intervalMs: 20 });
    const reading = reader.readAll(new AbortController().signal);
    reader.close();
    await expect(reading).rejects.toThrow("GET failed");
  });
});
