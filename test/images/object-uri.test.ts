import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyOfObject, parseObjectUri, pathOfObject } from "../../src/images/origins/object-uri.ts";
import { signTempUrl } from "../../src/images/origins/temp-url.ts";

const isStep = (segment: string): boolean => segment === "." || segment === "..";

describe("an object's URI", () => {
  it.each([
    ["swift://c/o", "c", "o"],
    ["SWIFT://C/a/b//c", "C", "a/b//c"],
    ["s3://bucket.example/a%2Fb", "bucket.example", "a/b"],
    ["s3://b/a+b%2Bc", "b", "a+b+c"],
    ["swift://b%C3%BCcher/Łódź 100%25", "bücher", "Łódź 100%"],
    ["s3://b//x/", "b", "/x/"],
    ["s3://b/a@b:c", "b", "a@b:c"],
  ])("%s names %s and %s", (uri, container, object) => {
    expect(parseObjectUri(uri)).toEqual({ container, object });
  });

  it.each([
    "swift:c/o",
    "swift:///o",
    "swift://c",
    "swift://c/",
    "swift://c/o?x",
    "swift://c/o#x",
    "swift://u:p@c/o",
    "swift://c/%",
    "swift://c/%ff",
    "swift://c%2fd/o",
    "swift://../o",
    "swift://c/./o",
    "swift://c/a/%2e%2E/o",
    "swift://c/..",
  ])("%s is malformed", (uri) => {
    expect(() => parseObjectUri(uri)).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" }));
  });

  it("carries any name to an HTTP path and back", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1 }).filter((name) => name.isWellFormed());
    const container = text.filter((name) => !name.includes("/") && !isStep(name));
    const object = text.filter((name) => !name.split("/").some(isStep));
    fc.assert(
      fc.property(container, object, (one, other) => {
        const name = { container: one, object: other };
        expect(parseObjectUri(keyOfObject("s3", name))).toEqual(name);
        const url = new URL(`http://store.test/v1/${pathOfObject(other)}`);
        expect(decodeURIComponent(url.pathname)).toBe(`/v1/${other}`);
        expect(url.search + url.hash).toBe("");
      }),
    );
  });
});

describe("a TempURL", () => {
  // Made with `swift tempurl --absolute --digest sha256` of OpenStack's client, for five minutes later.
  it.each([
    ["/v1/AUTH_a/c/a b", "ea1dd1a3806de7c36d240abbabc1b212fed4b5620015bdae8fe5bdfeddb20184"],
    ["/v1/AUTH_a/c/a b/Łódź", "54b64ff8b632cece445f810a6ea9eda9f6faf0c4db1de655c18725f4f9c94f55"],
  ])("of %s is signed as OpenStack's own client signs it", (path, signature) => {
    const url = signTempUrl(new URL(path, "https://store.test"), "key", (1_800_000_000 - 300) * 1000 + 999);
    expect(Object.fromEntries(url.searchParams)).toEqual({ temp_url_sig: signature, temp_url_expires: "1800000000" });
  });
});
