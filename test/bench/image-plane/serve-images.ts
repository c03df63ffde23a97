// The image plane alone, for the benchmark: publishes the images of a folder, sealed or in plain, and prints where they are.
import { createPublications } from "../../../src/images/publish.ts";
import { startImagePlane } from "../../../src/images/server.ts";
import { systemClock } from "../../../src/wire/clock.ts";
import { silentLog } from "../../tools/image-plane.ts";
import { createMemoryPublications } from "../../tools/memory-publications.ts";
import { benchImages } from "./bench-images.ts";

const [, , folder = ".", kind] = process.argv;
const images = await benchImages(folder, kind === "plain" ? kind : "sealed");
const publications = createPublications({
  // Reads are collected and handed over as in production; keeping them is the database's business.
  catalog: { ...createMemoryPublications(), addReads: () => Promise.resolve() },
  clock: systemClock,
  log: silentLog,
  files: images.files,
});
const plane = await startImagePlane({
  publications,
  clock: systemClock,
  log: silentLog,
  http: { host: "127.0.0.1", port: 0 },
  // As in production: the policy is looked at, and every answer is counted by somebody.
  addressPolicy: "enforce",
  observer: { onRequest: () => undefined },
});
const publish = async (name: string): Promise<string> => {
  const digest = await images.add(name);
  const request = {
    attachmentId: digest,
    machineId: "machine",
    digest,
    extension: "iso",
    bmcHost: "127.0.0.1",
  } as const;
  return new URL((await publications.publish({ ...request, schemes: ["http"] })).url).pathname;
};
const paths = { "small.iso": await publish("small.iso"), "large.iso": await publish("large.iso") };
process.stdout.write(`${JSON.stringify({ port: plane.addresses[0]?.port, paths })}\n`);
process.once("SIGTERM", () => void plane.close(0));
