// Every BMC family: from its profile what it is, from attaches to its simulated BMC how it takes media and what that costs.
import type { Slot } from "../../../src/core/driver.ts";
import { loadFolder } from "../../../src/profiles/load.ts";
import { eachQuirk } from "../../../src/profiles/problems.ts";
import type { Profile } from "../../../src/profiles/schema.ts";
import { vendorsDir, wholeProfiles } from "../../quirks/deletions.ts";
import { families } from "../../quirks/families.ts";
import { type Cost, measureFamilies, measureThroughSushy } from "../../quirks/requests/families.ts";
import type { Attached, Refused, Round } from "../../quirks/requests/ours.ts";
import type { SushyCount, SushyFailure } from "../../quirks/requests/sushy.ts";
import { setStage } from "../../quirks/rig.ts";
import { venvIsReady } from "../../tools/venv.ts";
import { markdownTable } from "../table.ts";

const none = "–";

const typeNames = { CD: "CD", DVD: "CD", USBStick: "USB", Floppy: "floppy" } as const;

/** `2 × CD, USB`. */
const slotsOf = (slots: readonly Slot[], most: number | undefined): string => {
  const kinds = slots.map(({ mediaTypes }) => [...new Set(mediaTypes.map((type) => typeNames[type]))].join("/"));
  const texts = [...new Set(kinds)].map((kind) => {
    const count = kinds.filter((each) => each === kind).length;
    return count === 1 ? kind : `${count} × ${kind}`;
  });
  return [...texts, ...(most === 1 && slots.length > 1 ? ["one at a time"] : [])].join(", ");
};

/** `cold (cold with boot override)`; one number where both are the same. */
const both = (plain: number, withBoot: number): string => (plain === withBoot ? `${plain}` : `${plain} (${withBoot})`);

const asideOf = (insert: Round, boot: Round): string => {
  const cold = both(insert.cold.polls, boot.cold.polls);
  const warm = both(insert.warm.polls, boot.warm.polls);
  const parts = [
    ...(insert.cold.prepare === 0 ? [] : [`prepare ${insert.cold.prepare}`]),
    ...(cold === "0" ? [] : [`polls ${cold}`]),
    ...(cold === warm ? [] : [`warm ${warm}`]),
  ];
  return parts.length === 0 ? none : parts.join(", ");
};

/** What the refusal says, in a few words. */
const whyNot = ({ refusal: { context } }: Refused, schemes: readonly string[]): string => {
  const { hint } = context;
  if (schemes.length > 0) return `It reads ${schemes.join(" and ")} alone`;
  return typeof hint === "string" ? hint.replace(/:.*/u, "") : "No slot takes a URL";
};

const schemesOf = ({ protocols }: Profile): readonly string[] => {
  const value = protocols.redfish?.["url"]?.["schemes"]?.value;
  return Array.isArray(value) ? value.map(String) : [];
};

const ourCells = (ours: Attached | Refused, profile: Profile): readonly string[] => {
  if ("refusal" in ours) return [`**None.** ${whyNot(ours, schemesOf(profile))}`, none, none, none, none, none];
  const { way, slots, rules, transports, insert, boot } = ours;
  return [
    way,
    slotsOf(slots, rules.maxConcurrent),
    transports.join(", "),
    both(insert.cold.requests, boot.cold.requests),
    both(insert.warm.requests, boot.warm.requests),
    asideOf(insert, boot),
  ];
};

const sushyCell = (theirs: SushyCount | SushyFailure | undefined): string => {
  if (theirs === undefined) throw new Error("sushy was not measured");
  if ("fails" in theirs) return `fails: ${theirs.fails}`;
  const { inserted, verified, polls, hostReads } = theirs;
  const waits = polls === 0 ? "" : `, polls ${polls}`;
  return `${inserted} / ${verified}${waits}${hostReads ? "" : "; the host sees nothing"}`;
};

/** Where the profile does not weigh its sources they are all alike, or there is none. */
const basisOf = ({ confidence, protocols }: Profile): string =>
  confidence ?? eachQuirk(protocols)[0]?.quirk.evidence.confidence ?? none;

const columns = [
  "Family",
  "Tested as",
  "Way",
  "Slots",
  "Reads",
  "Cold",
  "Warm",
  "Beside these",
  "sushy, cold",
  "Rests on",
];

const measure = async () => {
  const [stage, profiles, all] = await Promise.all([setStage(), wholeProfiles(), families()]);
  try {
    const costs = await measureFamilies(stage, profiles, all);
    return { costs, throughSushy: await measureThroughSushy(stage, profiles, costs) };
  } finally {
    await stage.images.close();
  }
};

/** What follows the standard comes first. */
const inOrder = (costs: readonly Cost[]): readonly Cost[] => {
  const rank = ({ family: { expected, fixture } }: Cost): string =>
    `${expected.profile === "generic" ? "" : "other "}${fixture}`;
  return costs.toSorted((a, b) => rank(a).localeCompare(rank(b), "en", { numeric: true }));
};

export const render = async (): Promise<string> => {
  if (!venvIsReady()) throw new Error("sushy, which this table compares with, is missing: npm test installs it.");
  const files = await loadFolder(vendorsDir, "shipped");
  const { costs, throughSushy } = await measure();
  let before = "";
  const rows = inOrder(costs).map(({ family: { fixture, expected }, ours }) => {
    const profile = files.find((file) => file.profile.id === expected.profile)?.profile;
    if (profile === undefined) throw new Error(`${fixture} expects a profile that is not there`);
    const title = profile.id === before ? "" : profile.title;
    before = profile.id;
    const [, product = ""] = fixture.split("/");
    const measured = [...ourCells(ours, profile), sushyCell(throughSushy.get(fixture))];
    return [title, `\`${product}\``, ...measured, basisOf(profile)];
  });
  return markdownTable(columns, rows);
};
