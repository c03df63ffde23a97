// Publications are meant for one BMC: the address policy, proxies, IPv4 in IPv6.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { plainAddress, readerBehind, readerPolicy } from "../../src/images/plane/readers.ts";
import { parseAddress } from "../../src/wire/addresses.ts";
import {
  createTestImages,
  patternBytes,
  rawRequest,
  startTestPlane,
  type TestImages,
  type TestPlane,
  type TestPlaneOptions,
} from "../tools/image-plane.ts";

let images: TestImages;
let running: TestPlane | undefined;

beforeEach(async () => {
  images = await createTestImages();
});

afterEach(async () => {
  await running?.close();
  running = undefined;
  await images.close();
});

const strangers: { attachmentId: string; remote: string; refused: boolean }[] = [];

/** Publishes for a BMC at `bmcHost` and reads from 127.0.0.1. */
const statusFor = async (bmcHost: string, options: Partial<TestPlaneOptions>, headers = ""): Promise<number> => {
  strangers.length = 0;
  running = await startTestPlane({
    images,
    observer: { onStranger: (stranger) => strangers.push(stranger) },
    ...options,
  });
  const { url } = await running.publish(await images.add(patternBytes(5000)), { bmcHost });
  return (await rawRequest(running.port, `GET ${new URL(url).pathname} HTTP/1.1${headers}`)).status;
};

describe("the address policy", () => {
  it("enforce lets the BMC in and answers 404 to a stranger, who is counted", async () => {
    expect(await statusFor("127.0.0.1", { addressPolicy: "enforce" })).toBe(200);
    expect(strangers).toEqual([]);
    await running?.close();
    expect(await statusFor("192.0.2.7", { addressPolicy: "enforce" })).toBe(404);
    expect(strangers).toEqual([{ attachmentId: "attachment-1", remote: "127.0.0.1", refused: true }]);
    expect(await running?.book.reads("attachment-1")).toMatchObject({ requests: 0 });
  });

  it("log lets a stranger in, counts it, and records it as the reader", async () => {
    expect(await statusFor("192.0.2.7", { addressPolicy: "log" })).toBe(200);
    expect(strangers).toMatchObject([{ refused: false }]);
    expect(await running?.book.reads("attachment-1")).toMatchObject({ strangers: { remotes: ["127.0.0.1"] } });
  });

  it("off asks nothing", async () => {
    expect(await statusFor("192.0.2.7", { addressPolicy: "off" })).toBe(200);
    expect(strangers).toEqual([]);
  });

  it("knows an IPv4 BMC behind a dual-stack listener", async () => {
    const options = {
      addressPolicy: "enforce",
      http: { host: "::", port: 0 },
      urls: { publicHost: "127.0.0.1" },
    } as const;
    expect(await statusFor("127.0.0.1", options)).toBe(200);
    expect(await running?.book.reads("attachment-1")).toMatchObject({ remotes: ["127.0.0.1"] });
  });

  it("enforce shuts everybody out when the BMC's name does not resolve", async () => {
    const urls = { publicHost: "127.0.0.1", resolve: () => Promise.reject(new Error("no such name")) };
    expect(await statusFor("bmc.example", { addressPolicy: "enforce", urls })).toBe(404);
  });
});

describe("a proxy", () => {
  const proxied = { addressPolicy: "enforce", proxies: ["127.0.0.0/8"] } as const;

  it("is let in when it does not say for whom it asks", async () => {
    expect(await statusFor("192.0.2.7", proxied)).toBe(200);
  });

  it("is believed when it does", async () => {
    expect(await statusFor("192.0.2.7", proxied, "\r\nX-Forwarded-For: 192.0.2.7")).toBe(200);
    expect(await running?.book.reads("attachment-1")).toMatchObject({ remotes: ["192.0.2.7"] });
    await running?.close();
    expect(await statusFor("192.0.2.7", proxied, "\r\nX-Forwarded-For: 192.0.2.8")).toBe(404);
  });

  it("that is none is not believed", async () => {
    const headers = "\r\nX-Forwarded-For: 192.0.2.7";
    expect(await statusFor("192.0.2.7", { addressPolicy: "enforce", proxies: ["198.51.100.0/24"] }, headers)).toBe(404);
  });

  it("is believed only as to who asked it, not as to what that one claims", () => {
    const policy = readerPolicy("enforce", ["10.0.0.0/8", "2001:db8::/32"]);
    const peer = { remote: "10.0.0.1", address: parseAddress("10.0.0.1") };
    const behind = (forwarded: string) => readerBehind(peer, forwarded, policy).remote;
    expect(behind("192.0.2.7")).toBe("192.0.2.7");
    expect(behind("192.0.2.7, 192.0.2.8, 10.9.9.9")).toBe("192.0.2.8");
    expect(behind("2001:db9::1, 2001:db8::2")).toBe("2001:db9::1");
    expect(behind("192.0.2.7, unknown")).toBe("10.0.0.1");
    expect(behind("")).toBe("10.0.0.1");
  });

  it("with a malformed network is refused at start", () => {
    expect(() => readerPolicy("log", ["10.0.0.0/99"])).toThrow(expect.objectContaining({ code: "SETTINGS_INVALID" }));
  });
});

describe("an address", () => {
  it("of IPv4 in IPv6 is written as IPv4", () => {
    expect(plainAddress("::ffff:192.0.2.1")).toBe("192.0.2.1");
    expect(plainAddress("::FFFF:192.0.2.1")).toBe("192.0.2.1");
    expect(plainAddress("2001:db8::1")).toBe("2001:db8::1");
  });
});
