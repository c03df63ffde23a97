// Real readers of images over HTTP read from the image plane byte for byte: nbdkit's curl plugin (what OpenBMC runs), QEMU's
// curl block driver (VM-backed BMCs), curl, and python3-requests (sushy-tools).
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generatedCertificate } from "../../src/images/certificates.ts";
import { createTestImages, startTestPlane, type TestImages, type TestPlane } from "../tools/image-plane.ts";
import { lacksPeer } from "../tools/peers.ts";

const sizes = { "config drive": 4 << 20, "boot image": 48 << 20 } as const;
const cases = [
  ["config drive", "http"],
  ["config drive", "https"],
  ["boot image", "http"],
  ["boot image", "https"],
] as const;
type Case = (typeof cases)[number];

let images: TestImages;
let folder: string;
let caFile: string;
let plane: TestPlane;
const published = new Map<string, { url: string; sha256: string; sizeBytes: number; attachmentId: string }>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mediabay-readers-"));
  images = await createTestImages();
  const certificate = await generatedCertificate({ directory: folder, names: ["127.0.0.1"], now: Date.now() });
  caFile = join(folder, "ca.crt");
  plane = await startTestPlane({
    images,
    http: { host: "127.0.0.1", port: 0 },
    https: { host: "127.0.0.1", port: 0, cert: certificate.cert, key: certificate.key },
  });
  for (const [name, scheme] of cases) {
    const bytes = randomBytes(sizes[name]);
    const attachmentId = `${name} ${scheme}`;
    const { url } = await plane.publish(await images.add(bytes), { attachmentId, schemes: [scheme] });
    published.set(attachmentId, { url, attachmentId, sizeBytes: bytes.length, sha256: sha256(bytes) });
  }
});

afterAll(async () => {
  await plane.close();
  await images.close();
  await rm(folder, { recursive: true, force: true });
});

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const image = ([name, scheme]: Case) => {
  const found = published.get(`${name} ${scheme}`);
  if (!found) throw new Error("not published");
  return found;
};
const run = async (command: string, ...words: readonly string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(command, words, { timeout: 60_000, maxBuffer: 1 << 20 });
  return stdout.trim();
};
const fileDigest = async (name: string): Promise<string> => sha256(await readFile(join(folder, name)));

/** The image plane's own evidence must agree with what the reader got. */
const expectWholeRead = async (attachmentId: string, sizeBytes: number): Promise<void> => {
  const { coverage, remotes } = await plane.book.reads(attachmentId);
  expect(coverage).toEqual([{ from: 0, to: sizeBytes }]);
  expect(remotes).toEqual(["127.0.0.1"]);
};

describe.skipIf(lacksPeer("nbdkit", "nbdcopy", "nbdinfo"))("nbdkit's curl plugin", () => {
  it.each(cases)("reads a %s over %s", async (...which) => {
    const { url, sizeBytes, sha256: digest, attachmentId } = image(which);
    const source = ["-U", "-", "-r", "curl", `url=${url}`, ...(which[1] === "https" ? [`cainfo=${caFile}`] : [])];
    expect(await run("nbdkit", ...source, "--run", 'nbdinfo --size "$uri"')).toBe(String(sizeBytes));
    await run("nbdkit", ...source, "--run", `nbdcopy "$uri" '${join(folder, "nbd.img")}'`);
    expect(await fileDigest("nbd.img")).toBe(digest);
    await expectWholeRead(attachmentId, sizeBytes);
  });
});

// `-m 1`: with its default of 8 coroutines QEMU 7.2's curl driver hangs by itself, whoever serves.
describe.skipIf(lacksPeer("qemu-img"))("QEMU's curl driver", () => {
  it.each(cases)("reads a %s over %s", async (...which) => {
    const { url, sizeBytes, sha256: digest, attachmentId } = image(which);
    // It takes no CA of its own: over https it is told not to verify.
    const file = { driver: which[1], url, ...(which[1] === "https" && { sslverify: "off" }) };
    const source = `json:${JSON.stringify({ driver: "raw", file })}`;
    expect(JSON.parse(await run("qemu-img", "info", "--output=json", source))).toMatchObject({
      "virtual-size": sizeBytes,
    });
    await run("qemu-img", "convert", "-m", "1", "-O", "raw", source, join(folder, "qemu.img"));
    expect(await fileDigest("qemu.img")).toBe(digest);
    await expectWholeRead(attachmentId, sizeBytes);
  });
});

describe.skipIf(lacksPeer("curl"))("curl", () => {
  const options = ["--silent", "--show-error", "--fail"];

  it.each(cases)("reads a %s over %s in ranges, and resumes", async (...which) => {
    const { url, sizeBytes, sha256: digest } = image(which);
    const parts = [`0-${sizeBytes / 2 - 1}`, `${sizeBytes / 2}-`];
    const buffers: Buffer[] = [];
    for (const [index, range] of parts.entries()) {
      const target = join(folder, `curl-${index}`);
      await run("curl", ...options, "--cacert", caFile, "--range", range, "--output", target, url);
      buffers.push(await readFile(target));
    }
    expect(sha256(Buffer.concat(buffers))).toBe(digest);
    await run("curl", ...options, "--cacert", caFile, "--continue-at", "-", "--output", join(folder, "curl-0"), url);
    expect(await fileDigest("curl-0")).toBe(digest);
  });

  it("is told the size by HEAD, and 416 past the end", async () => {
    const { url, sizeBytes } = image(["config drive", "http"]);
    expect(await run("curl", ...options, "--head", url)).toContain(`Content-Length: ${sizeBytes}`);
    const status = await run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--range", `${sizeBytes}-`, url);
    expect(status).toBe("416");
  });
});

const reader = `
import hashlib, requests, sys
url, ca, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
session = requests.Session()
session.verify = ca
session.trust_env = False
head = session.head(url)
assert head.status_code == 200 and head.headers["Content-Length"] == str(size), head.headers
whole = session.get(url, headers={"Accept-Encoding": "gzip, deflate"})
assert "Content-Encoding" not in whole.headers
print(hashlib.sha256(whole.content).hexdigest())
pieces, step = hashlib.sha256(), 1000003
for start in range(0, size, step):
    part = session.get(url, headers={"Range": "bytes=%d-%d" % (start, start + step - 1)})
    assert part.status_code == 206, part.status_code
    pieces.update(part.content)
print(pieces.hexdigest())
`;

/** Debian's own, which has requests; the one of `.venv` may come first on the path. */
const python = "/usr/bin/python3";

describe.skipIf(lacksPeer("python3"))("python3-requests", () => {
  it.each(cases)("reads a %s over %s, whole and in ranges", async (...which) => {
    const { url, sizeBytes, sha256: digest } = image(which);
    const script = join(folder, "reader.py");
    await writeFile(script, reader);
    expect((await run(python, script, url, caFile, String(sizeBytes))).split("\n")).toEqual([digest, digest]);
  });
});
