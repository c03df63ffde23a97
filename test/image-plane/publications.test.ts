// Publishing under a URL, and serving it again after a restart.
import { describe, expect, it } from "vitest";
import type { PublishRequest } from "../../src/core/ports.ts";
import { redactText } from "../../src/core/redact.ts";
import { placeFor } from "../../src/images/plane/urls.ts";
import { rawRequest, type TestPlane } from "../tools/image-plane.ts";
import { pathOf, useScene } from "../tools/published-scene.ts";

const scene = useScene();

const read = (port: number, url: string, range = "bytes=0-2047") =>
  rawRequest(port, `GET ${pathOf(url)} HTTP/1.1\r\nRange: ${range}`);

describe("a published URL", () => {
  it("is unguessable, short, plain, and is masked in logs", async () => {
    const plane = await scene.start();
    const { url, token } = await plane.publish(scene.digest);
    expect(url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${plane.port}/m/[a-z0-9]{26}/media\\.iso$`));
    expect(Math.log2(36 ** token.length)).toBeGreaterThanOrEqual(128);
    expect(
      url.replace(/127\.0\.0\.1:\d+/, "255.255.255.255:65535").replace("http:", "https:").length,
    ).toBeLessThanOrEqual(80);
    expect(url).not.toMatch(/[?&=,%@"']/);
    expect(redactText(url)).not.toContain(token);
  });

  it("ends in the extension that was asked for, and differs each time", async () => {
    const plane = await scene.start();
    const urls = await Promise.all(
      Array.from({ length: 50 }, async (_, index) =>
        plane.publish(scene.digest, { attachmentId: `a${index}`, extension: "img" }),
      ),
    );
    expect(new Set(urls.map(({ token }) => token)).size).toBe(50);
    expect(urls.every(({ url }) => url.endsWith(".img"))).toBe(true);
  });

  it("is durable before it is answered", async () => {
    const plane = await scene.start();
    const record = await plane.publish(scene.digest);
    expect(await scene.catalog.live()).toEqual([record]);
  });

  it("is not served, nor answered, when it could not be stored", async () => {
    const plane = await scene.start();
    scene.catalog.failWith = new Error("disk full");
    await expect(plane.publish(scene.digest)).rejects.toThrow("disk full");
    expect(plane.book.list()).toEqual([]);
    scene.catalog.failWith = undefined;
    expect((await plane.publish(scene.digest)).digest).toBe(scene.digest);
  });

  it("is the same for one attachment however often and however simultaneously it is asked for", async () => {
    const plane = await scene.start();
    const records = await Promise.all(Array.from({ length: 10 }, () => plane.publish(scene.digest)));
    expect(new Set(records.map(({ url }) => url)).size).toBe(1);
    expect(scene.catalog.calls).toEqual(["put"]);
    expect(plane.book.find("attachment-1")).toEqual(records[0]);
  });

  it("is not given for an image that cannot be read", async () => {
    const plane = await scene.start();
    await expect(plane.publish("0".repeat(64))).rejects.toThrow("There is no image");
    expect(scene.catalog.calls).toEqual([]);
  });

  it("tells of the image's files before any of them is read, also after a restart", async () => {
    const filesOf = async () => [{ path: "user_data", sizeBytes: 9, extents: [{ from: 2048, to: 2057 }] }];
    const unread = { pattern: "none", files: [{ path: "user_data", sizeBytes: 9, readBytes: 0 }] };
    const first = await scene.start({ filesOf });
    await first.publish(scene.digest);
    expect(await first.book.reads("attachment-1")).toMatchObject(unread);
    await scene.stop(first);
    const second = await scene.start({ filesOf });
    expect(await second.book.reads("attachment-1")).toMatchObject(unread);
  });

  it("is served again after a restart, with its reads", async () => {
    const first = await scene.start();
    const { url } = await first.publish(scene.digest);
    await read(first.port, url);
    const etag = (await read(first.port, url)).header("etag");
    await scene.stop(first);
    const firsts: boolean[] = [];
    const second = await scene.start({ onRead: (_attachment, isFirst) => firsts.push(isFirst) });
    expect(second.book.find("attachment-1")?.url).toBe(url);
    expect((await read(second.port, url, "bytes=2048-4095")).header("etag")).toBe(etag);
    expect(firsts).toEqual([false]);
    expect((await second.book.reads("attachment-1")).coverage).toEqual([{ from: 0, to: 4096 }]);
  });
});

describe("a URL's origin", () => {
  const request: Partial<PublishRequest> = { bmcHost: "192.0.2.7" };
  const route = async (_host: string, addresses: readonly string[]) =>
    addresses[0]?.includes(":")
      ? { address: "2001:db8::1", family: 6 as const }
      : { address: "192.0.2.1", family: 4 as const };
  const everywhere = { http: { host: "0.0.0.0", port: 0 } };
  const originOf = async (plane: TestPlane, change: Partial<PublishRequest>) =>
    new URL((await plane.publish(scene.digest, change)).url).host;

  it("is the local address that reaches the BMC, when we listen everywhere", async () => {
    const plane = await scene.start({ ...everywhere, urls: { route } });
    expect(await originOf(plane, request)).toBe(`192.0.2.1:${plane.port}`);
  });

  it("is of the BMC's IP family", async () => {
    const plane = await scene.start({ http: { host: "::", port: 0 }, urls: { route } });
    expect(await originOf(plane, { bmcHost: "2001:db8::7" })).toBe(`[2001:db8::1]:${plane.port}`);
  });

  it("cannot be given to an IPv6 BMC when we listen on IPv4 only", async () => {
    const plane = await scene.start({ ...everywhere, urls: { route } });
    await expect(plane.publish(scene.digest, { bmcHost: "2001:db8::7" })).rejects.toMatchObject({
      code: "UNSUPPORTED_BY_BMC",
    });
  });

  it("is the address that we are bound to, when it is one", async () => {
    const plane = await scene.start({ urls: { route } });
    expect(await originOf(plane, request)).toBe(`127.0.0.1:${plane.port}`);
  });

  it("is the setting's host and port, unless the endpoint names its own host", async () => {
    const plane = await scene.start({ urls: { route, publicHost: "images.example", publicPort: 8080 } });
    expect(await originOf(plane, request)).toBe("images.example:8080");
    expect(await originOf(plane, { ...request, attachmentId: "a2", imageHost: "2001:db8::9" })).toBe(
      "[2001:db8::9]:8080",
    );
  });

  it("leaves out the scheme's own port", async () => {
    const plane = await scene.start({ urls: { route, publicPort: 80 } });
    expect((await plane.publish(scene.digest, request)).url).toMatch(/^http:\/\/127\.0\.0\.1\/m\//);
  });

  it("has the first scheme of the BMC that we offer, or is refused", async () => {
    const plane = await scene.start();
    expect((await plane.publish(scene.digest, { schemes: ["https", "http"] })).url).toMatch(/^http:/);
    const refused = plane.publish(scene.digest, { attachmentId: "a2", schemes: ["https"] });
    await expect(refused).rejects.toMatchObject({ code: "UNSUPPORTED_BY_BMC" });
  });

  it("is refused by name where we do not serve what the BMC reads", async () => {
    const plane = await scene.start();
    const refused = (schemes: readonly string[]) => plane.publish(scene.digest, { schemes });
    await expect(refused(["https"])).rejects.toMatchObject({ hint: expect.stringContaining("imagePlane.https") });
    await expect(refused(["nfs", "cifs"])).rejects.toMatchObject({
      code: "UNSUPPORTED_BY_BMC",
      message: expect.stringContaining("nfs or cifs"),
      hint: expect.stringContaining("file share"),
    });
  });

  it("keeps to the length, the characters and the address family of the BMC, or is refused before it is made", async () => {
    const plane = await scene.start();
    const refused = (rules: Partial<PublishRequest>) =>
      expect(plane.publish(scene.digest, { ...request, ...rules })).rejects.toMatchObject({
        code: "UNSUPPORTED_BY_BMC",
      });
    await refused({ maxLength: 40 });
    await refused({ forbidden: ",:" });
    await refused({ family: "ipv4", imageHost: "2001:db8::9" });
    expect(scene.catalog.calls).toEqual([]);
    const { url } = await plane.publish(scene.digest, { ...request, maxLength: 80, forbidden: "?&,", family: "ipv4" });
    expect(url.length).toBeLessThanOrEqual(80);
  });

  it("is refused where the BMC is reached over IPv6 only and its URL may hold no IPv6 address", async () => {
    const settings = {
      resolve: async () => ["2001:db8::7"],
      route: async (_host: string, [address = ""]: readonly string[]) => ({ address, family: 6 as const }),
    };
    const everyFamily = [{ scheme: "http", address: "::", port: 80 } as const];
    const place = (family: "any" | "ipv4") =>
      placeFor({ bmcHost: "bmc.example", schemes: ["http"], family }, "/m/t/media.iso", everyFamily, settings);
    expect((await place("any")).url).toBe("http://[2001:db8::7]/m/t/media.iso");
    await expect(place("ipv4")).rejects.toMatchObject({ hint: expect.stringContaining("IPv4") });
  });

  it("resolves the BMC's name, and keeps all its addresses", async () => {
    const resolve = async () => ["2001:db8::7", "192.0.2.7"];
    const plane = await scene.start({ ...everywhere, urls: { route, resolve } });
    const record = await plane.publish(scene.digest, { bmcHost: "bmc.example" });
    expect(record.bmcAddresses).toEqual(["192.0.2.7", "2001:db8::7"]);
    expect(new URL(record.url).hostname).toBe("192.0.2.1");
  });
});
