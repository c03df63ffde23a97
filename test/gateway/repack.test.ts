// The form that a slot needs, from the form that came: a whole service, a simulated BMC, and images that are really read.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { writeFat } from "../../src/configdrive/fat/writer.ts";
import { writeIso9660 } from "../../src/configdrive/iso9660/writer.ts";
import { loadTree, readImage } from "../../src/configdrive/image.ts";
import type { Tree } from "../../src/configdrive/tree.ts";
import type { AttachmentRecord } from "../../src/core/records.ts";
import type { ImageFormat } from "../../src/core/vocabulary.ts";
import { type Origin, startOrigin } from "../../src/simulators/origin.ts";
import { type RedfishSimulator, startRedfishSimulator } from "../../src/simulators/redfish/index.ts";
import { type ChangedFixture, changedFixture, type FixtureChange } from "../tools/changed-fixture.ts";
import { startTestService, type TestService } from "../tools/service.ts";
import { tinyIso } from "../tools/tiny-images.ts";

const fixture = (name: string): Promise<Buffer> =>
  readFile(fileURLToPath(new URL(`../../fixtures/configdrive/${name}`, import.meta.url)));

/** As Nova makes it: 64 MiB around some kilobytes. */
const largeFat = (tree: Tree): Buffer => writeFat(tree, { sizeBytes: 64 << 20 });

const emptyFile = (path: string): Tree[number] => ({ kind: "file", path, bytes: Buffer.alloc(0) });

let origin: Origin;
let service: TestService;
let bmc: RedfishSimulator | undefined;
let changed: ChangedFixture | undefined;
let count = 0;

beforeAll(async () => {
  const iso = await fixture("config-2.iso");
  const tree = await treeOf(iso, "iso9660");
  const bulky: Tree = [...tree, { kind: "file", path: "openstack/content/0000", bytes: Buffer.alloc(4 << 20, 7) }];
  origin = await startOrigin({
    files: {
      "drive.iso": iso,
      "drive.img": await fixture("config-2.vfat"),
      "large.img": largeFat(tree),
      "bulky.iso": writeIso9660(bulky, { label: "config-2" }),
      "twins.iso": writeIso9660([...tree, ...["Readme", "README"].map(emptyFile)]),
      "labelled.iso": writeIso9660(tree, { label: "drive of node 17" }),
      "unreadable.iso": tinyIso({ label: "config-2", content: Buffer.alloc(2048, 0xff) }),
    },
  });
  service = await startTestService();
});

afterEach(async () => {
  await service.work("DELETE", `/v1/machines/node${count}/attachments`);
  await bmc?.close();
  await changed?.remove();
});

afterAll(async () => {
  await service?.close();
  await origin?.close();
});

const treeOf = async (image: Buffer, format: ImageFormat): Promise<Tree> => {
  const readAt = async (offset: number, length: number) => image.subarray(offset, offset + length);
  return loadTree(await readImage(format, readAt, image.length), readAt, image.length);
};

/** Files by path, without the folders. */
const filesOf = async (image: Buffer, format: ImageFormat): Promise<Readonly<Record<string, string>>> => {
  const files = (await treeOf(image, format)).flatMap((entry) =>
    entry.kind === "file" ? [[entry.path, createHash("sha256").update(entry.bytes).digest("hex")] as const] : [],
  );
  return Object.fromEntries(files.toSorted(([a], [b]) => (a < b ? -1 : 1)));
};

const register = async (slots: NonNullable<FixtureChange["slots"]>, overrides = {}): Promise<RedfishSimulator> => {
  changed = await changedFixture({ slots });
  bmc = await startRedfishSimulator({ fixture: changed.folder, overrides });
  count += 1;
  const machine = { name: `node${count}`, endpoints: [{ address: bmc.url, credentials: bmc.credentials }] };
  expect((await service.call("POST", "/v1/machines", machine)).status).toBe(201);
  return bmc;
};

const attach = (file: string, more: object = {}) =>
  service.work("POST", `/v1/machines/node${count}/attachments`, { source: { uri: origin.urlOf(file) }, ...more });

const attached = async (file: string, more: object = {}): Promise<AttachmentRecord> => {
  const { body } = await attach(file, more);
  expect(body).toMatchObject({ attachment: { state: "attached" } });
  return body["attachment"] as AttachmentRecord;
};

/** What the BMC reads from the slot that is full. */
const bytesIn = async (machine: RedfishSimulator): Promise<Buffer> => {
  const [full, ...others] = machine.slots().filter(({ inserted }) => inserted);
  expect(others).toEqual([]);
  return Buffer.from(await (await fetch(full?.image ?? "")).arrayBuffer());
};

const original = async () => filesOf(await fixture("config-2.iso"), "iso9660");

describe("a slot that takes another form only", () => {
  test("is given the files of an ISO as a floppy of 1.44 MB", async () => {
    const machine = await register({ Fd: ["Floppy"] });
    const attachment = await attached("drive.iso");
    expect(attachment).toMatchObject({ slot: "Fd", mediaType: "Floppy", format: "fat", sizeBytes: 1_474_560 });
    expect(attachment.warnings).toContainEqual(expect.stringMatching(/^Slot Fd .*ISO 9660 was repacked as .* FAT/));
    const bytes = await bytesIn(machine);
    expect(bytes.length).toBe(1_474_560);
    expect(await filesOf(bytes, "fat")).toEqual(await original());
  });

  test("is given the files of a FAT stick as an ISO", async () => {
    const machine = await register({ Cd: ["CD", "DVD"] });
    const attachment = await attached("drive.img");
    expect(attachment).toMatchObject({ slot: "Cd", mediaType: "CD", format: "iso9660" });
    expect(await filesOf(await bytesIn(machine), "iso9660")).toEqual(await original());
  });

  test("is given those of a stick of 64 MiB as a floppy", async () => {
    const machine = await register({ Fd: ["Floppy"] });
    expect(await attached("large.img")).toMatchObject({ format: "fat", sizeBytes: 1_474_560 });
    expect(await filesOf(await bytesIn(machine), "fat")).toEqual(await original());
  });

  test("is taken where it is named, though another would take the image as it is", async () => {
    await register({ Cd: ["CD"], Fd: ["Floppy"] });
    expect(await attached("drive.iso", { slot: "Fd" })).toMatchObject({ slot: "Fd", format: "fat" });
  });

  test("is taken where those that take the image as it is hold somebody else's medium", async () => {
    const machine = await register({ Cd: ["CD"], Fd: ["Floppy"] });
    machine.insertByHand("Cd", "http://127.0.0.1:9/theirs.iso");
    expect(await attached("drive.iso")).toMatchObject({ slot: "Fd", format: "fat" });
    expect(machine.slots().find(({ id }) => id === "Cd")?.image).toBe("http://127.0.0.1:9/theirs.iso");
  });

  test("is refused by name what does not fit, and nothing is changed", async () => {
    const machine = await register({ Fd: ["Floppy"] });
    const { status, body } = await attach("bulky.iso");
    expect({ status, code: body["code"] }).toEqual({ status: 422, code: "IMAGE_DOES_NOT_FIT" });
    expect(body["detail"]).toMatch(/Slot Fd takes a floppy of at most 2949120 bytes, and the files need \d+ bytes/);
    expect(machine.effectiveInserts()).toBe(0);
    expect((await service.call("GET", "/v1/images")).body["items"]).toEqual([]);
  });

  test("is refused by name whose names it cannot tell apart", async () => {
    await register({ Fd: ["Floppy"] });
    const { body } = await attach("twins.iso");
    expect(body["code"]).toBe("IMAGE_DOES_NOT_FIT");
    expect(body["detail"]).toMatch(/cannot be given as FAT: .*"README".*"Readme" only in upper and lower case\.$/);
  });

  test("is given a label that fits, with a warning what became of it", async () => {
    await register({ Fd: ["Floppy"] });
    expect((await attached("labelled.iso")).warnings).toContain(
      'The label "drive of node 17" has no place in FAT: it became "drive of no".',
    );
    await service.work("DELETE", `/v1/machines/node${count}/attachments`);
    expect((await attached("drive.iso")).warnings.join()).not.toContain("The label");
  });

  test("never gets an image to boot from in another form", async () => {
    const machine = await register({ Fd: ["Floppy"] });
    expect(await attach("drive.iso", { role: "boot", boot: "none" })).toMatchObject({
      status: 422,
      body: { code: "UNSUPPORTED_BY_BMC" },
    });
    expect(machine.effectiveInserts()).toBe(0);
  });
});

test("an image goes in as it came where a slot takes it", async () => {
  const machine = await register({ Cd: ["CD"], Fd: ["Floppy"] });
  expect(await attached("drive.iso")).toMatchObject({
    slot: "Cd",
    format: "iso9660",
    digest: await digestOf("drive.iso"),
  });
  expect(await bytesIn(machine)).toEqual(await fixture("config-2.iso"));
});

const digestOf = async (file: string): Promise<string> =>
  createHash("sha256")
    .update(Buffer.from(await (await fetch(origin.urlOf(file))).arrayBuffer()))
    .digest("hex");

test("what is in an image that cannot be read goes in as it is, with a warning", async () => {
  await register({ Cd: ["CD"], Fd: ["Floppy"] });
  const attachment = await attached("unreadable.iso");
  expect(attachment).toMatchObject({ slot: "Cd", format: "iso9660" });
  expect(attachment.warnings).toContainEqual(expect.stringMatching(/could not be read, it is attached as it is/));
});

test("both forms are gone from the disk after the detach", async () => {
  await register({ Fd: ["Floppy"] });
  await attached("drive.iso");
  expect((await service.call("GET", "/v1/images")).body["items"]).toHaveLength(2);
  await service.work("DELETE", `/v1/machines/node${count}/attachments`);
  expect((await service.call("GET", "/v1/images")).body["items"]).toEqual([]);
});
