// Images that leave while another process reads the database: bounded for whoever asked for it, and nobody else notices.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createImageStore, type ImageStore } from "../../../src/images/store.ts";
import { patternBytes } from "../../tools/image-plane.ts";
import { openTempStore, type TempStore } from "../../tools/temp-store.ts";

let temp: TempStore;
let images: ImageStore;
let reader: DatabaseSync;

const database = (): string => join(temp.dir, "mediabay.db");

const keep = async (bytes: Buffer, holder: string): Promise<string> => {
  const incoming = await images.receive();
  await incoming.write(bytes);
  const digest = await incoming.seal();
  await images.commit(incoming, digest, { format: "fat", sizeBytes: bytes.length }, () => [holder]);
  return digest;
};

beforeEach(async () => {
  temp = await openTempStore();
  images = createImageStore({
    folder: join(temp.dir, "images"),
    catalog: temp.store.images,
    keys: temp.store.imageKeys,
    clock: temp.clock,
    maxBytes: 2 ** 26,
    isPublished: () => false,
  });
  await images.start();
  reader = new DatabaseSync(database(), { readOnly: true });
});

afterEach(async () => {
  if (reader.isOpen) reader.close();
  await temp.close();
});

it.each(["release", "remove"] as const)("to %s an image takes two seconds then, and holds up no other", async (way) => {
  const digest = await keep(patternBytes(1000), "manual");
  reader.exec("begin");
  const key = String(reader.prepare("select sealed from image_keys").get()?.["sealed"]);
  const files = (): readonly boolean[] =>
    [database(), `${database()}-wal`].map((path) => existsSync(path) && readFileSync(path).includes(key));
  let ended = false;
  const leaving = (way === "release" ? images.release("manual") : images.remove(digest)).finally(() => (ended = true));
  // Without a step of the clock.
  const other = await keep(patternBytes(2000), "b");
  expect(await images.hold(other, "c")).toMatchObject({ digest: other });
  await expect(images.open(digest)).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  expect(ended).toBe(false);
  await temp.clock.advance(2_000);
  await leaving;
  expect(files()).toContain(true);
  reader.close();
  await temp.clock.advance(10_000);
  expect(files()).toEqual([false, false]);
});
