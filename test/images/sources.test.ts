import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBlobSource } from "../../src/images/sources/blob.ts";
import { createDataSource } from "../../src/images/sources/data.ts";
import { createFileSource } from "../../src/images/sources/file.ts";
import { createHttpSource } from "../../src/images/sources/http.ts";
import { createSources, sourceFactories } from "../../src/images/sources/registry.ts";
import type { SourceDeps } from "../../src/images/sources/source.ts";
import { createAddressPolicy } from "../../src/wire/address-policy.ts";
import { sourceContract } from "../contract/source.ts";
import { startImageOrigin, status, whole } from "../tools/image-origin.ts";
import { createHastyClock } from "../tools/hasty-clock.ts";

const depsOf = (folders: readonly string[] = []): SourceDeps => ({
  settings: { folders, timeouts: { connectMs: 2000, responseMs: 2000, idleMs: 2000 } },
  policy: createAddressPolicy(
    { allow: ["127.0.0.1"] },
    () => [],
    () => [],
  ),
  clock: createHastyClock(),
});

const temporaryFolder = async (): Promise<string> => realpath(await mkdtemp(join(tmpdir(), "mediabay-source-")));

sourceContract("http", async () => {
  const bytes = randomBytes(3 * 1024 ** 2);
  const origin = await startImageOrigin((request, response) =>
    (request.url === "/image" ? whole(bytes) : status(404))(request, response),
  );
  return {
    scheme: createHttpSource(depsOf()),
    reference: `${origin.url}/image`,
    bytes,
    secret: "hunter2",
    refused: [
      ["http://", "INVALID_REQUEST"],
      ["http://u%zz:hunter2@127.0.0.1/", "INVALID_REQUEST"],
      ["http://[fe80::1%25eth0]/", "INVALID_REQUEST"],
      ["https://u:hunter2@[::1]/", "SOURCE_FORBIDDEN"],
      ["https://u:hunter2@127.0.0.2/?x=hunter2", "SOURCE_FORBIDDEN"],
      ["http://2852039166/latest/meta-data/", "SOURCE_FORBIDDEN"],
      ["http://0xa9.0376.0251.254/", "SOURCE_FORBIDDEN"],
      ["http://[::ffff:169.254.169.254]/", "SOURCE_FORBIDDEN"],
    ],
    missing: [`http://u:hunter2@127.0.0.1:${origin.port}/nothing?token=hunter2`, "SOURCE_REFUSED"],
    close: () => origin.close(),
  };
});

sourceContract("file", async () => {
  const folder = await temporaryFolder();
  const bytes = randomBytes(3 * 1024 ** 2);
  await writeFile(join(folder, "image"), bytes);
  const outside = pathToFileURL("/etc/passwd").href;
  return {
    scheme: createFileSource(depsOf([folder])),
    reference: pathToFileURL(join(folder, "image")).href,
    bytes,
    refused: [
      [outside, "SOURCE_FORBIDDEN"],
      [`${pathToFileURL(folder).href}/../../etc/passwd`, "SOURCE_FORBIDDEN"],
      [`${pathToFileURL(folder).href}/%2e%2e/%2e%2e/etc/passwd`, "SOURCE_FORBIDDEN"],
      [`${pathToFileURL(folder).href}-sibling/image`, "SOURCE_FORBIDDEN"],
      [pathToFileURL(folder).href, "SOURCE_FORBIDDEN"],
      ["file://elsewhere/etc/passwd", "INVALID_REQUEST"],
      [`${pathToFileURL(folder).href}/a%2fb`, "INVALID_REQUEST"],
      [`${pathToFileURL(folder).href}/image?x`, "INVALID_REQUEST"],
    ],
    missing: [pathToFileURL(join(folder, "nothing")).href, "SOURCE_REFUSED"],
    secret: "root:",
    close: () => rm(folder, { recursive: true }),
  };
});

sourceContract("blob", async () => {
  const text = randomBytes(2 * 1024 ** 2).toString("base64");
  return {
    scheme: createBlobSource(),
    reference: text,
    bytes: Buffer.from(text),
    refused: [
      ["", "INVALID_REQUEST"],
      [" \n", "INVALID_REQUEST"],
      ["QUJD-_", "INVALID_REQUEST"],
      ["Łódź", "INVALID_REQUEST"],
    ],
    missing: ["hunter2-hunter2", "INVALID_REQUEST"],
    secret: "hunter2",
    close: async () => undefined,
  };
});

for (const [name, encode] of [
  ["data in base64", (bytes: Buffer) => `data:application/x-iso9660-image;base64,${bytes.toString("base64")}`],
  ["data in percent", (bytes: Buffer) => `DATA:,${bytes.toString("hex").replaceAll(/../g, "%$&")}`],
] as const)
  sourceContract(name, async () => {
    const bytes = randomBytes(2 * 1024 ** 2);
    return {
      scheme: createDataSource(),
      reference: encode(bytes),
      bytes,
      refused: [
        ["data:hunter2", "INVALID_REQUEST"],
        ["data:text/plain,", "INVALID_REQUEST"],
        ["data:;base64,hunter2", "INVALID_REQUEST"],
        ["data:;base64,hunter2=hunter2=", "INVALID_REQUEST"],
        ["data:;base64,hunter2-", "INVALID_REQUEST"],
        ["data:,hunter2%", "INVALID_REQUEST"],
        ["data:,hunter2%0", "INVALID_REQUEST"],
        ["data:,hunter2 hunter2", "INVALID_REQUEST"],
        ["data:,hunter2#hunter2", "INVALID_REQUEST"],
        ["data:,hunter2é", "INVALID_REQUEST"],
      ],
      missing: ["data:;base64,hunter2", "INVALID_REQUEST"],
      secret: "hunter2",
      close: async () => undefined,
    };
  });

describe("data: URIs", () => {
  const read = async (uri: string): Promise<string> => {
    const context = { signal: AbortSignal.timeout(5000), admit: () => undefined, onProgress: () => undefined };
    const transfer = createDataSource().open?.(uri, context);
    if (transfer === undefined) throw new Error("data opens nothing");
    return (await buffer(transfer.read())).toString("latin1");
  };

  it.each([
    ["data:,A%20brief%20note", "A brief note"],
    ["data:text/plain;charset=iso-8859-7,%be%d3%be", "\u00be\u00d3\u00be"],
    ["data:;base64,QUI=", "AB"],
    ["data:;base64,QUI%3D", "AB"],
    ["data:;charset=utf-8 ;  BASE64,QUI=", "AB"],
    ["data:;base64=no,QUI=", "QUI="],
    ["data:,a,b+c", "a,b+c"],
  ])("%s are these bytes", async (uri, expected) => {
    expect(await read(uri)).toBe(expected);
  });
});

describe("the registry of sources", () => {
  it("lists its folder", async () => {
    const files = await readdir(join(import.meta.dirname, "../../src/images/sources"));
    const schemes = files.filter((name) => !["registry.ts", "source.ts"].includes(name));
    expect(Object.keys(sourceFactories).toSorted()).toEqual(
      schemes.map((name) => name.replace(/\.ts$/, "")).toSorted(),
    );
  });

  it("has each scheme once", () => {
    const schemes = Object.values(sourceFactories).flatMap((create) => create(depsOf()).schemes);
    expect(new Set(schemes).size).toBe(schemes.length);
  });

  const digest = "AB".repeat(32);
  it.each([
    [{ kind: "uri", uri: " HTTPS://example.org/x " }, "https", "HTTPS://example.org/x"],
    [{ kind: "uri", uri: `image:${digest}` }, "image", `image:${digest}`],
    [{ kind: "image", digest }, "image", `image:${digest}`],
  ] as const)("finds the scheme of %o", (source, scheme, reference) => {
    const located = createSources(depsOf()).locate(source);
    expect(located.scheme.schemes).toContain(scheme);
    expect(located.reference).toBe(reference);
  });

  it("takes a named image's digest in lower case", () => {
    const { scheme, reference } = createSources(depsOf()).locate({ kind: "image", digest });
    expect(scheme.digest?.(reference)).toBe(digest.toLowerCase());
  });

  it.each(["ftp://example.org/x", "swifts://container/x", "nfs:x", "/etc/passwd", "", "blob:QUJD"])(
    "refuses %s and says what there is",
    (uri) => {
      expect(() => createSources(depsOf()).locate({ kind: "uri", uri })).toThrow(
        expect.objectContaining({
          code: "SOURCE_UNSUPPORTED",
          message: expect.stringMatching(/data, file, http, https, image, s3, swift, and base64/),
        }),
      );
    },
  );

  it.each(["swift", "s3"])("does not take %s without a named credential", (scheme) => {
    const source = { kind: "uri", uri: `${scheme}://container/object` } as const;
    expect(() => createSources(depsOf()).locate(source)).toThrow(
      expect.objectContaining({
        code: "INVALID_REQUEST",
        message: `A ${scheme} source needs a named credential.`,
        hint: expect.stringContaining("mediabay credential set"),
      }),
    );
    const named = createSources(depsOf()).locate({ ...source, credential: "store" });
    expect(named).toMatchObject({ credential: "store" });
  });

  it.each(["file:///etc/hostname", "data:,x", `image:${digest}`])("takes no named credential for %s", (uri) => {
    expect(() => createSources(depsOf(["/etc"])).locate({ kind: "uri", uri, credential: "store" })).toThrow(
      expect.objectContaining({
        code: "INVALID_REQUEST",
        message: expect.stringContaining("takes no named credential"),
      }),
    );
  });

  it.each(["image:abc", `image:${digest}00`, `image:../${digest}`])("refuses the malformed name %s", (uri) => {
    expect(() => createSources(depsOf()).locate({ kind: "uri", uri })).toThrow(
      expect.objectContaining({ code: "INVALID_REQUEST" }),
    );
  });
});

describe("files on disk", () => {
  let folder: string;
  let open: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    open = join(folder, "open");
    await mkdir(join(open, "deep"), { recursive: true });
    await mkdir(join(folder, "closed"));
    await writeFile(join(folder, "closed", "secret"), "secret");
    await writeFile(join(open, "deep", "image"), "image");
  });
  afterEach(() => rm(folder, { recursive: true }));

  const read = async (path: string, folders: readonly string[] = [open]): Promise<string> => {
    const context = { signal: AbortSignal.timeout(5000), admit: () => undefined, onProgress: () => undefined };
    const transfer = createFileSource(depsOf(folders)).open?.(pathToFileURL(path).href, context);
    if (transfer === undefined) throw new Error("file opens nothing");
    return (await buffer(transfer.read())).toString();
  };

  it("are read from a folder below, and through a link that stays inside", async () => {
    await symlink("deep/image", join(open, "link"));
    expect(await read(join(open, "deep", "image"))).toBe("image");
    expect(await read(join(open, "link"))).toBe("image");
  });

  it("are not read through a link that leads out, be it a file's or a folder's", async () => {
    await symlink("../closed/secret", join(open, "link"));
    await symlink("../closed", join(open, "folder"));
    await expect(read(join(open, "link"))).rejects.toMatchObject({ code: "SOURCE_FORBIDDEN" });
    await expect(read(join(open, "folder", "secret"))).rejects.toMatchObject({ code: "SOURCE_FORBIDDEN" });
  });

  it("are read when the configured folder itself is a link", async () => {
    await symlink(open, join(folder, "alias"));
    expect(await read(join(folder, "alias", "deep", "image"), [join(folder, "alias")])).toBe("image");
  });

  it("are not read while a folder on their way is exchanged for a link out", async () => {
    await mkdir(join(open, "swap"));
    await writeFile(join(open, "swap", "secret"), "harmless");
    await symlink("../closed", join(open, "trap"));
    let swapping = true;
    const swap = async (): Promise<void> => {
      for (; swapping; ) {
        await rename(join(open, "swap"), join(open, "aside"));
        await rename(join(open, "trap"), join(open, "swap"));
        await rename(join(open, "swap"), join(open, "trap"));
        await rename(join(open, "aside"), join(open, "swap"));
      }
    };
    const swapper = swap();
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, () => read(join(open, "swap", "secret")).catch(() => "refused")),
    );
    swapping = false;
    await swapper;
    expect(outcomes).not.toContain("secret");
  });

  it("that are no regular files are refused at once", async () => {
    await promisify(execFile)("mkfifo", [join(open, "pipe")]);
    await expect(read(join(open, "pipe"))).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
    await expect(read(join(open, "deep"))).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
  });

  it("are refused altogether without a configured folder", () => {
    expect(() => createFileSource(depsOf([])).check("file:///etc/hostname")).toThrow(
      expect.objectContaining({ code: "SOURCE_FORBIDDEN" }),
    );
  });
});
