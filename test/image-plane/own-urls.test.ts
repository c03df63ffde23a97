// Which URLs are taken for ours: by their form, and by a host and port that we have.
import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { isAlikeUrl, isOwnUrl } from "../../src/images/plane/own-urls.ts";
import type { ListenerAddress, UrlSettings } from "../../src/images/plane/urls.ts";

const at = (address: string, port = 8481): readonly ListenerAddress[] => [{ scheme: "http", address, port }];
const token = "abcdefghijklmnopqrstuvwxyz";
const path = `/m/${token}/media.iso`;

test.each<[string, readonly ListenerAddress[], UrlSettings, string | undefined]>([
  [`http://192.0.2.1:8481${path}`, at("192.0.2.1"), {}, undefined],
  [`http://192.0.2.1:8481/m/${token}/media.img`, at("192.0.2.1"), {}, undefined],
  [`http://192.0.2.1${path}`, at("192.0.2.1", 80), {}, undefined],
  [`http://[2001:db8::1]:8481${path}`, at("2001:db8::1"), {}, undefined],
  [`http://media.example:80${path}`, at("0.0.0.0"), { publicHost: "media.example", publicPort: 80 }, undefined],
  [`http://inside.example:8481${path}`, at("0.0.0.0"), { publicHost: "media.example" }, "inside.example"],
  [`http://127.0.0.1:8481${path}`, at("0.0.0.0"), {}, undefined],
])("%s is ours", (url, listeners, settings, imageHost) => {
  expect(isOwnUrl(url, listeners, settings, imageHost)).toBe(true);
});

const elsewhere = "192.0.2.77";

test.each([
  ["another gateway's, on another host", `http://${elsewhere}:8481${path}`],
  ["another's on this host, at another port", `http://127.0.0.1:8482${path}`],
  ["of another scheme", `https://127.0.0.1:8481${path}`],
  ["another path", `http://127.0.0.1:8481/images/${token}/media.iso`],
  ["a token of another length", `http://127.0.0.1:8481/m/${token}a/media.iso`],
  ["another file name", `http://127.0.0.1:8481/m/${token}/boot.iso`],
  ["one with a query", `http://127.0.0.1:8481${path}?a=b`],
  ["a file share's", "nfs://127.0.0.1/share/media.iso"],
  ["no URL", "media.iso"],
])("what is %s is not ours", (_what, url) => {
  const addresses = Object.values(networkInterfaces()).flatMap((each = []) => each.map(({ address }) => address));
  expect(addresses).not.toContain(elsewhere);
  expect(isOwnUrl(url, at("0.0.0.0"))).toBe(false);
});

test("under any host and port, a URL of our form is alike; one of another form is not", () => {
  for (const url of [`http://192.0.2.77:8481${path}`, `https://media.example/m/${token}/media.img`])
    expect(isAlikeUrl(url)).toBe(true);
  for (const url of [`http://media.example/images/${token}.iso`, `nfs://media.example${path}`, "media.iso"])
    expect(isAlikeUrl(url)).toBe(false);
});
