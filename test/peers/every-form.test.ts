// One tree of files in every form in which a config drive comes, into every kind of slot: what the BMC is given is read by programs that
// are not ours, cloud-init's own reader among them.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { AwsV4Signer } from "aws4fetch";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { buildDrive } from "../../src/configdrive/build.ts";
import type { Tree } from "../../src/configdrive/tree.ts";
import type { ImageFormat } from "../../src/core/vocabulary.ts";
import { type Origin, startOrigin } from "../../src/simulators/origin.ts";
import { type RedfishSimulator, startRedfishSimulator } from "../../src/simulators/redfish/index.ts";
import { fullContent } from "../configdrive/drives.ts";
import {
  askCloudInit,
  cloudInitCommands,
  extractImage,
  identifyImage,
  inUtf8,
  readConfigDrive,
} from "../tools/cloud-init.ts";
import { lacksPeer } from "../tools/peers.ts";
import { startTestService, type TestService } from "../tools/service.ts";
import { startSwift, type Swift, swiftCommands } from "../tools/swift.ts";

const run = promisify(execFile);
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
/** As Nova puts them beside the metadata: not text, and with names that need more than ASCII. */
const contents: Tree = [
  { kind: "file", path: "openstack/content/0000", bytes: Uint8Array.from({ length: 5000 }, (_, index) => index * 7) },
  { kind: "file", path: "openstack/content/a żółw of length.txt", bytes: Buffer.from("żółw\n") },
];
const built = buildDrive({ content: fullContent }).tree;
const tree = [...built, ...contents];
const standard = fileURLToPath(new URL("../../fixtures/dmtf/two-slot-1.0", import.meta.url));

/** The standard service with a slot of each kind. */
const writeFixture = async (folder: string): Promise<void> => {
  const resources = JSON.parse(await readFile(join(standard, "resources.json"), "utf8"));
  const media = "/redfish/v1/Systems/1/VirtualMedia";
  const usb = resources[`${media}/Usb`];
  resources[`${media}/Usb`] = { ...usb, MediaTypes: ["USBStick"] };
  resources[`${media}/Floppy`] = { ...usb, Id: "Floppy", Name: "Virtual floppy", MediaTypes: ["Floppy"] };
  resources[media].Members.push({ "@odata.id": `${media}/Floppy` });
  resources[media]["Members@odata.count"] = 3;
  await mkdir(folder);
  await writeFile(join(folder, "resources.json"), JSON.stringify(resources));
  await writeFile(join(folder, "personality.json"), await readFile(join(standard, "personality.json")));
};

/** By Nova's tools, with Nova's options. */
const writeImages = async (folder: string): Promise<{ readonly iso: Buffer; readonly vfat: Buffer }> => {
  const files = join(folder, "tree");
  for (const entry of tree) {
    const path = join(files, entry.path);
    await mkdir(entry.kind === "file" ? dirname(path) : path, { recursive: true });
    if (entry.kind === "file") await writeFile(path, entry.bytes);
  }
  const [iso, vfat] = [join(folder, "drive.iso"), join(folder, "drive.vfat")];
  const names = ["-ldots", "-allow-lowercase", "-allow-multidot", "-l", "-publisher", "sample", "-quiet", "-J", "-r"];
  await run("genisoimage", ["-o", iso, ...names, "-V", "config-2", files]);
  await run("mkfs.vfat", ["-C", "-n", "config-2", vfat, String(64 * 1024)]);
  for (const name of await readdir(files))
    await run("mcopy", ["-s", "-i", vfat, join(files, name), "::/"], { env: inUtf8 });
  return { iso: await readFile(iso), vfat: await readFile(vfat) };
};

/** Every file below a folder, by its path: the SHA-256 of its bytes. */
const digestsBelow = async (folder: string): Promise<Readonly<Record<string, string>>> => {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const digests = found
    .filter((entry) => entry.isFile())
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), sha256(await readFile(path))] as const;
    });
  return Object.fromEntries(await Promise.all(digests));
};

const digestsOf = (files: Tree): Readonly<Record<string, string>> =>
  Object.fromEntries(files.flatMap((entry) => (entry.kind === "file" ? [[entry.path, sha256(entry.bytes)]] : [])));

const peers = [...swiftCommands, ...cloudInitCommands, "genisoimage", "mkfs.vfat"];

describe.skipIf(lacksPeer(...peers))("the same files", () => {
  let folder: string;
  let swift: Swift;
  let origin: Origin;
  let bmc: RedfishSimulator;
  let service: TestService;
  let sources: Readonly<Record<string, object>>;

  const putSwift = async (path: string, body?: Uint8Array): Promise<void> => {
    const answer = await fetch(`${swift.accountUrl}${path}`, {
      method: "PUT",
      headers: { "x-auth-token": swift.token },
      ...(body && { body: new Uint8Array(body) }),
    });
    expect(answer.status).toBe(201);
  };
  const putS3 = async (path: string, body?: Uint8Array): Promise<void> => {
    const { endpoint, ...keys } = swift.s3;
    const url = `${endpoint}${path}`;
    const signed = await new AwsV4Signer({ method: "PUT", url, ...keys, service: "s3", region: "us-east-1" }).sign();
    const answer = await fetch(signed.url, {
      method: "PUT",
      headers: signed.headers,
      ...(body && { body: new Uint8Array(body) }),
    });
    expect(answer.ok).toBe(true);
  };
  const setCredential = async (name: string, credential: object): Promise<void> => {
    expect((await service.call("PUT", `/v1/credentials/${name}`, credential)).status).toBeLessThan(300);
  };

  const prepareStores = async (iso: Buffer): Promise<void> => {
    await putSwift("/drives");
    await putSwift("/drives/node.iso", iso);
    await putS3("/bucket");
    await putS3("/bucket/node.iso", iso);
    const { username, password, project } = swift.admin;
    await setCredential("swift", {
      kind: "swift",
      authUrl: swift.authUrl,
      login: { method: "password", username, userDomain: "Default", password, project, projectDomain: "Default" },
      interface: "public",
    });
    await setCredential("s3", { kind: "s3", ...swift.s3, region: "us-east-1", style: "path" });
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mediabay-every-form-"));
    swift = await startSwift();
    const { iso, vfat } = await writeImages(folder);
    await writeFixture(join(folder, "fixture"));
    origin = await startOrigin({ files: { "drive.iso": iso, "drive.vfat": vfat, "drive.iso.gz": gzipSync(iso) } });
    bmc = await startRedfishSimulator({ fixture: join(folder, "fixture") });
    service = await startTestService();
    const machine = { name: "node", endpoints: [{ address: bmc.url, credentials: bmc.credentials }] };
    expect((await service.call("POST", "/v1/machines", machine)).status).toBe(201);
    await prepareStores(iso);
    sources = {
      "an ISO by URI": { uri: origin.urlOf("drive.iso") },
      "a VFAT by URI": { uri: origin.urlOf("drive.vfat") },
      "a gzipped ISO by URI": { uri: origin.urlOf("drive.iso.gz") },
      "base64 of a gzipped VFAT": { base64: gzipSync(vfat).toString("base64") },
      "a data: URI": { uri: `data:application/octet-stream;base64,${gzipSync(iso).toString("base64")}` },
      "a Swift object": { uri: "swift://drives/node.iso", credential: "swift" },
      "an S3 object": { uri: "s3://bucket/node.iso", credential: "s3" },
      JSON: { configdrive: fullContent },
    };
  }, 120_000);

  afterAll(async () => {
    await service?.close();
    await bmc?.close();
    await origin?.close();
    await swift?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  afterEach(async () => {
    expect((await service.work("DELETE", "/v1/machines/node/attachments")).status).toBe(200);
    expect(bmc.slots().filter(({ inserted }) => inserted)).toEqual([]);
  });

  /** What is under the URL that the BMC shows, and what its host read, which started since: the same bytes. */
  const readAsBmc = async (slot: string): Promise<{ readonly path: string; readonly format: ImageFormat }> => {
    await bmc.idle();
    const shown = bmc.slots().find(({ id }) => id === slot);
    const bytes = Buffer.from(await (await fetch(shown?.image ?? "")).arrayBuffer());
    expect(shown).toMatchObject({ inserted: true, sha256: sha256(bytes) });
    const path = join(folder, "as-read");
    await writeFile(path, bytes);
    return { path, format: bytes.toString("latin1", 32_769, 32_774) === "CD001" ? "iso9660" : "fat" };
  };

  const forms = [
    "an ISO by URI",
    "a VFAT by URI",
    "a gzipped ISO by URI",
    "base64 of a gzipped VFAT",
    "a data: URI",
    "a Swift object",
    "an S3 object",
    "JSON",
  ];

  const slots = [
    { slot: "Cd", carries: ["iso9660"], sizes: expect.any(Number) },
    { slot: "Usb", carries: ["iso9660", "fat"], sizes: expect.any(Number) },
    { slot: "Floppy", carries: ["fat"], sizes: 1_474_560 },
  ];

  describe.each(slots)("in the slot $slot", ({ slot, carries, sizes }) => {
    it.each(forms)("arrive from %s, and cloud-init takes them", async (form) => {
      const attached = await service.work("POST", "/v1/machines/node/attachments", {
        source: sources[form],
        slot,
        reset: true,
      });
      expect(attached).toMatchObject({ status: 200, body: { attachment: { state: "attached", slot } } });
      const { path, format } = await readAsBmc(slot);
      expect(carries).toContain(format);
      expect((await stat(path)).size).toEqual(sizes);
      const mounted = await extractImage(format, path, join(folder, "mounted"));
      try {
        expect(await digestsBelow(mounted)).toEqual(digestsOf(form === "JSON" ? built : tree));
        expect(await askCloudInit(readConfigDrive, mounted)).toMatchObject({
          version: 2,
          metadata: fullContent.meta_data,
          userdata: fullContent.user_data,
          networkdata: { links: fullContent.network_data?.["links"], networks: fullContent.network_data?.["networks"] },
          vendordata2: fullContent.vendor_data,
        });
      } finally {
        await rm(mounted, { recursive: true });
      }
      expect(await identifyImage(path)).toBe("found: ConfigDrive, None");
    });
  });
});
