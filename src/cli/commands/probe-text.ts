// A probe's report for an operator's eye: the verdict first, then what it rests on.
import type { PlannedRequest } from "../../core/media.ts";
import type { AttachPlan, Fitness, ProbeReport, ProbeSlot } from "../../core/probe.ts";
import { formatDuration, formatSize } from "../../core/units.ts";
import { type MediaType, mediaTypes } from "../../core/vocabulary.ts";
import { type Cell, fields } from "../render.ts";

type Line = readonly [string, Cell];

/** One name for several lines. */
const under = (name: string, lines: readonly string[]): readonly Line[] =>
  lines.map((line, index) => [index === 0 ? name : "", line]);

const joined = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== "").join(" ");

const requestText = ({ method, path }: PlannedRequest): string => `${method} ${path}`;

const fitnessText = ({ verdict, code, reason }: Fitness): string =>
  joined(reason === undefined ? verdict : `${verdict}: ${reason}`, code === undefined ? undefined : `(${code})`);

const placeText = ({ slot, mediaType, scheme, insert }: AttachPlan): string =>
  joined(`slot ${slot ?? ""}`, `as ${mediaType ?? ""}`, `over ${scheme ?? ""}`, insert && `by ${insert.method}`);

const planLines = (plan: AttachPlan): readonly Line[] => {
  if (plan.fitness.verdict !== "yes") return under(plan.format, [fitnessText(plan.fitness)]);
  const { requests = [], parameters = [] } = plan.insert ?? {};
  const sent = parameters.length === 0 ? "" : `with ${parameters.join(" ")}`;
  const steps = requests.map((request, index) =>
    joined(requestText(request), index === requests.length - 1 ? sent : undefined),
  );
  const { otherwise = [] } = plan;
  const next = otherwise.length === 0 ? [] : [`where the BMC refuses that slot: ${otherwise.join(" ")}`];
  return under(plan.format, [placeText(plan), ...steps, ...next]);
};

const transportText = ({ transports, maxLength, forbidden, family }: NonNullable<ProbeSlot["url"]>): string => {
  const names = (served: boolean): string =>
    transports
      .filter((transport) => transport.served === served)
      .map(({ scheme }) => scheme)
      .join(" ");
  return [
    names(true),
    names(false) === "" ? "" : `not served: ${names(false)}`,
    maxLength === undefined ? "" : `URL of at most ${maxLength} characters`,
    forbidden === undefined ? "" : `no ${forbidden.split("").join(" ")} in the URL`,
    family === "ipv4" ? "IPv4 only" : "",
  ]
    .filter((part) => part !== "")
    .join(", ");
};

const slotText = ({ id, mediaTypes: types, url, state }: ProbeSlot): string => {
  const holds = state?.inserted === true ? `holds ${state.image ?? state.imageName ?? "a medium"}` : "empty";
  return [`${id}: ${types.join(" ")}`, url === undefined ? "takes no URL" : transportText(url), holds].join("; ");
};

const extensionText = (extensions: NonNullable<ProbeReport["limits"]["extensions"]>): string =>
  (["iso", "img"] as const)
    .map((extension) => [extension, mediaTypes.filter((type) => extensions[type] === extension)] as const)
    .filter(([, types]) => types.length > 0)
    .map(([extension, types]) => `.${extension} for ${types.join(" ")}`)
    .join(", ");

const limitTexts = ({ limits }: ProbeReport): readonly string[] => {
  const { maxConcurrent, idleUnmountMs, maxImageBytes, extensions } = limits;
  return [
    ...(maxConcurrent === undefined ? [] : [`${maxConcurrent} ${maxConcurrent === 1 ? "medium" : "media"} at a time`]),
    ...(idleUnmountMs === undefined ? [] : [`drops a medium that is unread for ${formatDuration(idleUnmountMs)}`]),
    ...(maxImageBytes === undefined ? [] : [`images of at most ${formatSize(maxImageBytes)}`]),
    ...(extensions === undefined ? [] : [extensionText(extensions)]),
  ];
};

const bootLines = ({ boot, can }: ProbeReport): readonly Line[] => {
  if (boot === undefined) return [["boot", can.boot]];
  const { target, enabled, mode } = boot.override;
  const override = enabled === "Disabled" ? "no override" : joined(target, enabled, mode);
  const ways = (Object.entries(boot.bootsFrom) as [MediaType, string][]).map(([type, by]) => `${type} by ${by}`);
  return [
    ["boot", [override, ways.join(", ")].filter((part) => part !== "").join("; ")],
    ["targets", boot.targets.join(" ")],
  ];
};

const powerText = ({ power, can }: ProbeReport): Cell =>
  power === undefined ? can.power : joined(`${power.state};`, power.resetTypes.join(" "));

/** Some repeat the model in front of the version. */
const bmcText = ({ managerModel, firmwareVersion }: ProbeReport["identity"]): string =>
  joined(firmwareVersion?.startsWith(managerModel ?? "") === true ? undefined : managerModel, firmwareVersion);

const identityLines = ({ identity, profile }: ProbeReport): readonly Line[] => [
  ["vendor", identity.vendor],
  ["product", identity.product],
  ["bmc", bmcText(identity)],
  ["system", joined(identity.systemManufacturer, identity.systemModel, identity.systemId && `(${identity.systemId})`)],
  ["serial number", identity.serialNumber],
  ["uuid", identity.uuid],
  ["protocol", joined(identity.protocol, identity.protocolVersion)],
  ["profile", `${profile.id}, ${profile.title}`],
  ["because", profile.rule ?? "no family matches"],
  ["confidence", profile.confidence],
  ...profile.notes.map((note) => ["note", note] as const),
];

export const probeText = (report: ProbeReport): string => {
  const best = report.plans.find(({ fitness }) => fitness.verdict === "yes");
  return fields([
    ["verdict", best === undefined ? fitnessText(report.fitness) : `yes: a config drive goes into ${placeText(best)}`],
    ["hint", report.fitness.hint],
    ...identityLines(report),
    ...under("slots", report.slots.length === 0 ? ["none"] : report.slots.map(slotText)),
    ...under("limits", limitTexts(report)),
    ...under("first", report.preparation.map(requestText)),
    ...report.plans.flatMap(planLines),
    ...bootLines(report),
    ["power", powerText(report)],
    ["requests", report.exchanges],
    ...report.warnings.map((warning) => ["warning", warning] as const),
  ]);
};
