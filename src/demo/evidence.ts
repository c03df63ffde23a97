// What the demo shows instead of claiming: the BMC's own state, what was read, what is left on the disk.
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Stage } from "./demo.ts";

export interface Evidence {
  readonly claim: string;
  readonly shown: string;
  readonly holds: boolean;
}

const evidence = (claim: string, shown: string, holds: boolean): Evidence => ({ claim, shown, holds });

const attachmentOf = async ({ gateway }: Stage, machine: string) => {
  const { id } = await gateway.gateway.getMachine(machine);
  const { items } = await gateway.gateway.listAttachments({ limit: 1 }, { machineId: id });
  const [attachment] = items;
  if (attachment === undefined) throw new TypeError("the demo's machine has no attachment");
  return attachment;
};

export const evidenceOfAttach = async (stage: Stage, machine: string): Promise<readonly Evidence[]> => {
  const { bmc, image } = stage;
  const attachment = await attachmentOf(stage, machine);
  const slot = bmc.slots().find(({ id }) => id === attachment.slot);
  const expected = createHash("sha256").update(image).digest("hex");
  const [boot] = bmc.bootLog().slice(-1);
  const override = attachment.boot;
  const requests = bmc.requests().map(({ method, path }) => `${method} ${path}`);
  return [
    evidence(
      "the BMC's own state",
      `slot ${slot?.id} (${slot?.mediaTypes.join(", ")}) inserted: ${slot?.inserted}`,
      slot?.inserted === true,
    ),
    evidence(
      "the boot override read back",
      `${override?.target} ${override?.enabled}`,
      override?.enabled === "Once" && override.target === "Cd",
    ),
    evidence(
      "the machine booted from",
      `${boot?.source} after ${boot?.cause}, slot ${boot?.slot ?? "none"}`,
      boot?.source === "Cd" && boot.slot === slot?.id,
    ),
    evidence(
      "bytes the BMC read",
      `${attachment.reads?.coveredBytes} of ${image.byteLength} in ${attachment.reads?.requests} requests`,
      attachment.reads?.coveredBytes === image.byteLength,
    ),
    evidence("SHA-256 of what it read", `${slot?.sha256}`, slot?.sha256 === expected),
    evidence("SHA-256 of the origin's image", expected, attachment.digest === expected),
    evidence(
      "requests to the BMC",
      `${requests.length} over ${bmc.connections()} connection(s)`,
      bmc.connections() === 1,
    ),
  ];
};

export const evidenceOfDetach = async (
  stage: Stage,
  machine: string,
  urls: readonly string[],
): Promise<readonly Evidence[]> => {
  const { bmc, stateDir } = stage;
  const attachment = await attachmentOf(stage, machine);
  const full = bmc.slots().filter(({ inserted }) => inserted);
  const files = await readdir(join(stateDir, "images"));
  const answers = await Promise.all(urls.map(async (url) => (await fetch(url)).status));
  return [
    evidence("the slot", full.length === 0 ? "empty" : `${full.length} still inserted`, full.length === 0),
    evidence("the attachment", attachment.state, attachment.state === "detached"),
    evidence(
      "the published URL now answers",
      answers.join(", "),
      answers.length > 0 && answers.every((status) => status === 404),
    ),
    evidence("stored bytes", files.length === 0 ? "gone" : `${files.length} file(s) left`, files.length === 0),
  ];
};
