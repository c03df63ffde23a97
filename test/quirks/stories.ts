// What an operator does with a machine, told once for every BMC family. A story judges by what the simulated BMC and its host really
// did, never by what our own records say.
import type { AttachmentRecord } from "../../src/core/records.ts";
import type { BootRecord, SlotView } from "../../src/simulators/redfish/index.ts";
import { Broken, type Rig, type Site } from "./rig.ts";

export type Story = (rig: Rig) => Promise<void>;

const minuteMs = 60_000;

const held = (rig: Rig): readonly SlotView[] => rig.bmc.slots().filter(({ inserted }) => inserted);

const mustHold = (rig: Rig, attachment: AttachmentRecord): void => {
  const url = rig.urlOf(attachment.id);
  if (url === undefined) throw new Broken("nothing is published");
  if (!held(rig).some(({ image }) => image === url)) throw new Broken("the BMC does not hold the medium");
};

const mustBeEmpty = (rig: Rig): void => {
  if (held(rig).length > 0) throw new Broken("a slot still holds a medium");
  if (rig.bmc.sessions() > 0) throw new Broken("a BMC session was left open");
};

/** What was set for a medium does not outlive it. */
const mustHaveNoOverride = (rig: Rig): void => {
  const { target, enabled } = rig.bmc.boot();
  const isOver = enabled === "Disabled" || target === "None" || target === "Hdd";
  if (!isOver) throw new Broken(`the machine would still boot from ${target}`);
};

/** A human switches the machine on, or off and on; its host reads what is in. */
const startByHand = async (rig: Rig): Promise<BootRecord> => {
  if (rig.bmc.power() !== "Off") {
    rig.bmc.setPower("Off");
    await rig.pass(minuteMs);
  }
  rig.bmc.setPower("On");
  return lastBoot(rig);
};

const lastBoot = async (rig: Rig): Promise<BootRecord> => {
  await rig.pass(5 * minuteMs);
  const boot = rig.bmc.bootLog().at(-1);
  if (boot === undefined) throw new Broken("the host did not start");
  return boot;
};

const mustHaveRead = (attachment: AttachmentRecord, boot: BootRecord): void => {
  if (!boot.media.some(({ sha256 }) => sha256 === attachment.digest))
    throw new Broken("the host never read the medium");
};

const configDrive =
  (format: "iso9660" | "fat"): Story =>
  async (rig) => {
    const attachment = await rig.attach({ format });
    mustHold(rig, attachment);
    mustHaveRead(attachment, await startByHand(rig));
    await rig.detach(attachment.id);
    mustBeEmpty(rig);
  };

const again: Story = async (rig) => {
  const first = await rig.attach();
  await rig.detach(first.id);
  mustBeEmpty(rig);
  const second = await rig.attach();
  mustHold(rig, second);
  mustHaveRead(second, await startByHand(rig));
  await rig.detach(second.id);
  mustBeEmpty(rig);
};

const boot: Story = async (rig) => {
  const { mode } = rig.bmc.boot();
  const attachment = await rig.attach({ role: "boot", boot: "once", reset: true });
  const started = await lastBoot(rig);
  if (mode !== "" && started.override.mode !== mode)
    throw new Broken(`the boot mode went from ${mode} to ${started.override.mode}`);
  if (started.slot === undefined) throw new Broken(`the host started from ${started.source}, not from the medium`);
  mustHaveRead(attachment, started);
  await rig.detach(attachment.id);
  mustBeEmpty(rig);
  mustHaveNoOverride(rig);
};

/** Attached to boot from and detached again before any boot: the next one is from the disk, whatever is in then. */
const undone: Story = async (rig) => {
  const attachment = await rig.attach({ role: "boot", boot: "once" });
  const slot = held(rig).find(({ image }) => image === rig.urlOf(attachment.id));
  await rig.detach(attachment.id);
  mustBeEmpty(rig);
  rig.bmc.insertByHand(slot?.uri ?? "", "http://127.0.0.1:9/theirs.iso");
  const started = await startByHand(rig);
  if (started.slot !== undefined) throw new Broken("the host started from a medium after all");
};

/** The machine has been off for long when it is asked for. */
const off: Story = async (rig) => {
  rig.bmc.setPower("Off");
  await rig.pass(60 * minuteMs);
  const attachment = await rig.attach();
  mustHold(rig, attachment);
  mustHaveRead(attachment, await startByHand(rig));
  await rig.detach(attachment.id);
  mustBeEmpty(rig);
};

/** What does not fit must be known before anything is changed. */
const refusal = ({ bmc }: Rig, reason: unknown): unknown => {
  const changed = bmc
    .requests()
    .some(({ method, path, status }) => method !== "GET" && status < 400 && !path.includes("Session"));
  return changed ? new Broken(`the BMC was changed before it was refused: ${String(reason)}`) : reason;
};

/** The config drive comes first, and then an image to boot from. */
const turned: Story = async (rig) => {
  const drive = await rig.attach();
  rig.bmc.clearRequests();
  const [second] = await Promise.allSettled([rig.attach({ role: "boot", boot: "once" })]);
  mustHold(rig, drive);
  if (second.status === "rejected") throw refusal(rig, second.reason);
  const { slot, source } = await startByHand(rig);
  if (slot === undefined) throw new Broken(`the host started from ${source}, not from the medium`);
  await rig.detach(second.value.id);
  mustHold(rig, drive);
  await rig.detach(drive.id);
  mustBeEmpty(rig);
};

/** A boot image and a config drive together; the second must never cost the first. */
const pair: Story = async (rig) => {
  const image = await rig.attach({ role: "boot" });
  rig.bmc.clearRequests();
  const [second] = await Promise.allSettled([rig.attach()]);
  mustHold(rig, image);
  if (second.status === "rejected") throw refusal(rig, second.reason);
  mustHold(rig, second.value);
  mustHaveRead(second.value, await startByHand(rig));
  await rig.detach(second.value.id);
  mustHold(rig, image);
  await rig.detach(image.id);
  mustBeEmpty(rig);
};

/** Every slot holds somebody else's medium: it is left alone unless force is used. */
const foreign: Story = async (rig) => {
  for (const { id } of rig.bmc.slots()) rig.bmc.insertByHand(id, "http://127.0.0.1:9/theirs.iso");
  const theirs = held(rig).length;
  const [ours] = await Promise.allSettled([rig.attach()]);
  if (held(rig).filter(({ image }) => image?.includes("theirs")).length < theirs)
    throw new Broken("somebody else's medium was ejected");
  if (ours.status === "rejected") throw ours.reason;
};

/** One slot after the other is taken by others: as long as one is free it is used, and then it is said that none is. */
const taken: Story = async (rig) => {
  for (let round = 0; round < 16; round += 1) {
    const attachment = await rig.attach();
    mustHold(rig, attachment);
    const slot = held(rig).find(({ image }) => image === rig.urlOf(attachment.id));
    await rig.detach(attachment.id);
    rig.bmc.insertByHand(slot?.uri ?? "", "http://127.0.0.1:9/theirs.iso");
  }
  throw new Broken("there is no end of free slots");
};

const occupySessions = async ({ bmc }: Rig): Promise<void> => {
  const { username: UserName, password: Password } = bmc.credentials;
  const request = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ UserName, Password }),
  };
  for (let answer = 200, tries = 0; answer < 400 && tries < 64; tries += 1) {
    answer = (await fetch(`${bmc.url}/redfish/v1/SessionService/Sessions`, request)).status;
  }
};

/** Somebody else has every session that the BMC allows. */
const crowded: Story = async (rig) => {
  await occupySessions(rig);
  const theirs = rig.bmc.sessions();
  const attachment = await rig.attach();
  mustHold(rig, attachment);
  await rig.detach(attachment.id);
  if (held(rig).length > 0) throw new Broken("a slot still holds a medium");
  if (rig.bmc.sessions() > theirs) throw new Broken("a BMC session was left open");
};

/** The machine was just switched on and is in its power-on self-test when it is asked for. */
const post: Story = async (rig) => {
  rig.bmc.setPower("On");
  await rig.pass(1000);
  const attachment = await rig.attach({ role: "boot", boot: "once" });
  mustHold(rig, attachment);
  const { slot, source } = await startByHand(rig);
  if (slot === undefined) throw new Broken(`the host started from ${source}, not from the medium`);
  await rig.detach(attachment.id);
  mustBeEmpty(rig);
  mustHaveNoOverride(rig);
};

/** Off and on again, as after a deployment. */
const cycle: Story = async (rig) => {
  rig.bmc.setPower("On");
  await rig.pass(5 * minuteMs);
  await rig.operate("power", { type: "ForceOff" });
  await rig.operate("power", { type: "On" });
  await rig.pass(5 * minuteMs);
  if (rig.bmc.power() !== "On") throw new Broken(`the machine is ${rig.bmc.power()}`);
};

/** Hours go by before the host is started; the medium must still be there. */
const patience: Story = async (rig) => {
  const attachment = await rig.attach();
  for (let quarter = 0; quarter < 12; quarter += 1) {
    await rig.pass(15 * minuteMs);
    await rig.recheck();
  }
  mustHold(rig, attachment);
  mustHaveRead(attachment, await startByHand(rig));
  await rig.detach(attachment.id);
  mustBeEmpty(rig);
};

export const stories = {
  "config drive": configDrive("iso9660"),
  stick: configDrive("fat"),
  again,
  boot,
  undone,
  off,
  pair,
  turned,
  foreign,
  taken,
  secure: configDrive("iso9660"),
  crowded,
  post,
  cycle,
  patience,
  /** The BMC has no licence for virtual media. */
  unlicensed: configDrive("iso9660"),
  /** The BMC answers that it hangs until it is restarted, and the site allows that. */
  wedged: configDrive("iso9660"),
} as const satisfies Record<string, Story>;

export type StoryName = keyof typeof stories;

/** How an error ends a story that is told on a BMC which is all it should be. */
export const rightCodes: Readonly<Partial<Record<StoryName, string>>> = {
  foreign: "SLOT_OCCUPIED",
  taken: "SLOT_OCCUPIED",
};

/** Told only of BMCs whose fixture says how that looks there. */
export const special: ReadonlySet<StoryName> = new Set(["unlicensed", "wedged"]);

const usualSite: Site = { http: true, knowsCa: true, allow: [] };

/** `secure` is told where images are served by https alone, under a CA that nobody has installed on the BMC. */
export const siteOf = (story: StoryName): Site => {
  if (story === "secure") return { ...usualSite, http: false, knowsCa: false };
  return story === "wedged" ? { ...usualSite, allow: ["bmcReset"] } : usualSite;
};
