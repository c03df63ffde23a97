// What the benchmark says: one row a round, and the aims with their figures.
import { aim, type Table } from "../table.ts";
import type { Contest } from "./contest.ts";
import { judgeFairness } from "./fairness.ts";
import type { GatewayCost } from "./gateway.ts";
import type { Turn } from "./rounds.ts";
import type { Measured } from "./stage.ts";

export interface FleetRun {
  readonly latencyMs: number;
  readonly concurrency: number;
  readonly machines: number;
  readonly families: number;
  /** Families that refuse by design, each with what its machines answer. */
  readonly leftOut: readonly string[];
  readonly attach: Measured;
  readonly detach: Measured;
  readonly downloads: number;
  /** Images that the gateway still has. */
  readonly imagesLeft: number;
  readonly contest: Contest | undefined;
}

const mostOfIdeal = 1.3;
const leastOfPool = 3;

const seconds = (ms: number): string => (ms / 1000).toFixed(1);
const times = (ratio: number): string => `${ratio.toFixed(2)}×`;
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const requestsOf = ({ states }: Measured): number => sum(states.map(({ requests }) => requests));
const doneOf = ({ round }: Measured): number => round.turns.filter(({ state }) => state === "succeeded").length;

/** The steps' own back-off after a failure is nothing that a BMC asks for. */
const isBackOff = (caller: string): boolean => caller === "settle";
const askedWaitsMs = ({ waitsMs }: GatewayCost): number =>
  sum(Object.entries(waitsMs).flatMap(([caller, ms]) => (isBackOff(caller) ? [] : [ms])));

interface Ideal {
  readonly requestsMs: number;
  readonly withWaitsMs: number;
}

const idealOf = (measured: Measured, { latencyMs, concurrency }: FleetRun): Ideal => {
  const requestsMs = (requestsOf(measured) * latencyMs) / concurrency;
  return { requestsMs, withWaitsMs: requestsMs + askedWaitsMs(measured.cost) / concurrency };
};

const roundRow = (name: string, measured: Measured, run: FleetRun): readonly string[] => {
  const { requestsMs, withWaitsMs } = idealOf(measured, run);
  const { round, cost } = measured;
  const { p50, p99, max } = cost.loopDelayMs;
  return [
    name,
    `${doneOf(measured)} of ${round.turns.length}`,
    String(requestsOf(measured)),
    seconds(requestsMs),
    seconds(withWaitsMs),
    seconds(round.wallMs),
    times(round.wallMs / requestsMs),
    times(round.wallMs / withWaitsMs),
    [p50, p99, max].map((ms) => ms.toFixed(0)).join(" / "),
  ];
};

const poolRow = ({ pool, machines, poolRequests }: Contest, run: FleetRun): readonly string[] => {
  const requestsMs = (poolRequests * run.latencyMs) / run.concurrency;
  const figures = [seconds(requestsMs), "", seconds(pool.wallMs), times(pool.wallMs / requestsMs), "", ""];
  return ["sushy pool: attach", `${pool.done} of ${machines}`, String(poolRequests), ...figures];
};

const idealNotes = (name: string, measured: Measured, run: FleetRun): readonly string[] => {
  const { requestsMs, withWaitsMs } = idealOf(measured, run);
  const [strict, fair] = [measured.round.wallMs / requestsMs, measured.round.wallMs / withWaitsMs];
  const wanted = `≤ ${mostOfIdeal}× ideal`;
  return [
    `${name}, requests alone: ${aim(wanted, strict <= mostOfIdeal)} (${times(strict)})`,
    `${name}, with the BMCs' waits: ${aim(wanted, fair <= mostOfIdeal)} (${times(fair)})`,
  ];
};

const waitNote = (name: string, { cost }: Measured): string => {
  const told = Object.entries(cost.waitsMs)
    .toSorted(([, left], [, right]) => right - left)
    .map(([caller, ms]) => `${caller} ${seconds(ms)} s${isBackOff(caller) ? " (back-off, not in the ideal)" : ""}`);
  return `Waits over all machines, ${name}: ${told.join(", ") || "none"}.`;
};

const costNote = (name: string, { cost, bmcsCpuMs, round }: Measured, { concurrency }: FleetRun): string => {
  const { count, ms } = cost.commits;
  const held = (100 * sum(round.turns.map(({ tookMs }) => tookMs))) / (round.wallMs * concurrency);
  const share = (cpuMs: number): string =>
    `${seconds(cpuMs)} s (${((100 * cpuMs) / round.wallMs).toFixed(0)} % of a core)`;
  return (
    `CPU, ${name}: gateway ${share(cost.cpuMs)}, all BMCs ${share(bmcsCpuMs)}; ` +
    `${count} commits held the event loop for ${seconds(ms)} s. Turns held ${held.toFixed(0)} % of the ${concurrency} places.`
  );
};

/** One line a family and error. */
const failureNotes = (name: string, { round }: Measured): readonly string[] => {
  const failed = round.turns.filter(({ state }) => state !== "succeeded");
  const byFamily = Map.groupBy(failed, ({ family }: Turn) => family);
  return [...byFamily].map(
    ([family, turns]) => `${name} failed on ${turns.length} of ${family}: ${(turns[0]?.error ?? "").slice(0, 120)}`,
  );
};

const stateNotes = ({ attach, detach, downloads, imagesLeft }: FleetRun): readonly string[] => {
  const holding = attach.states.filter(({ media }) => media.length > 0).length;
  const stillHolding = detach.states.filter(({ media }) => media.length > 0).length;
  const open = sum(detach.states.map(({ sessions }) => sessions));
  const isClean = stillHolding === 0 && open === 0 && imagesLeft === 0;
  return [
    `${aim("every machine attached, and its BMC says so", holding === attach.states.length)} (${holding} of ${attach.states.length})`,
    `${aim("nothing left behind", isClean)} (${stillHolding} BMCs with a medium, ${open} sessions, ${imagesLeft} images)`,
    `${aim("1 origin download", downloads === 1)} (${downloads}; later asks were answered "not modified")`,
  ];
};

/** A line's worth, without where it happened. */
const shortened = (error: string): string =>
  error
    .replaceAll(/https?:\/\/[\d.:]+/gu, "")
    .replaceAll(/\s+/gu, " ")
    .slice(0, 110);

const contestNotes = ({ contest, families }: FleetRun): readonly string[] => {
  if (contest === undefined) return ["sushy can do none of these families."];
  const { pool, poolRequests, ours, unable } = contest;
  const perMachine = [pool.wallMs / pool.done, ours.round.wallMs / doneOf(ours)] as const;
  const ratio = perMachine[0] / perMachine[1];
  const [sushyRequests, ourRequests] = [poolRequests / pool.done, requestsOf(ours) / doneOf(ours)];
  const told = perMachine.map((ms) => `${ms.toFixed(0)} ms`);
  return [
    `${aim(`≥ ${leastOfPool}× faster than the pool`, ratio >= leastOfPool)} (${times(ratio)}: ${told[0]} against ${told[1]} a machine done)`,
    `  requests a machine: ${sushyRequests.toFixed(1)} by sushy, ${ourRequests.toFixed(1)} by us, which alone would make it ${times(sushyRequests / ourRequests)}; ` +
      `CPU: ${seconds(pool.cpuMs)} s by sushy, ${seconds(ours.cost.cpuMs)} s by us`,
    `sushy can insert and verify on ${contest.families.length} of ${families} families; not on:`,
    ...[...unable].map(([family, { error }]) => `  ${family}: ${shortened(error)}`),
    ...[...pool.failures].map(
      ([family, { count, error }]) => `sushy failed on ${count} of ${family}: ${shortened(error)}`,
    ),
  ];
};

const figureNotes = (run: FleetRun): readonly string[] => {
  const { attach, detach } = run;
  const { isFair, text } = judgeFairness(attach.round);
  return [
    ...idealNotes("attach all", attach, run),
    ...idealNotes("detach all", detach, run),
    ...stateNotes(run),
    `${aim("no family starves another", isFair)} (${text})`,
    ...contestNotes(run),
    `Peak memory of the gateway: ${(detach.cost.peakBytes / 2 ** 20).toFixed(0)} MiB resident.`,
  ];
};

const explanations = ({ latencyMs, concurrency }: FleetRun): readonly string[] => [
  `Ideal: requests that the BMCs logged × ${latencyMs} ms ÷ ${concurrency} machines at once. With waits: also what the driver waited for the BMCs' sake`,
  "(settle times, tasks, polls until a slot shows the medium, which are real time here and hold the machine's turn) ÷ the same number.",
  "Loop delay: p50 / p99 / max in ms of monitorEventLoopDelay inside the gateway's process, its own 10 ms period taken off.",
  "The polls' own interval is ours: a BMC that is ready sooner is still waited for to its end, and that too is in the ideal with waits.",
  "Settings that are not the default: https offered beside http, loopback named as a proxy (all BMCs read from one address, of which",
  "otherwise 64 connections are let in), 8192 connections of the image plane.",
  "Same families: the machines that the pool can do, for either client anew, nothing known of them. Everything runs on this computer.",
];

export const fleetTable = (run: FleetRun): Table => ({
  title: `Fleet: ${run.machines} simulated BMCs of ${run.families} families, ${latencyText(run)}, one config drive`,
  columns: [
    "round",
    "done",
    "requests",
    "ideal, s",
    "with waits, s",
    "wall, s",
    "÷ ideal",
    "÷ with waits",
    "loop delay, ms",
  ],
  rows: [
    roundRow("attach all", run.attach, run),
    roundRow("detach all", run.detach, run),
    ...(run.contest === undefined
      ? []
      : [roundRow("same families: attach", run.contest.ours, run), poolRow(run.contest, run)]),
  ],
  notes: [
    ...figureNotes(run),
    ...failureNotes("attach", run.attach),
    ...failureNotes("detach", run.detach),
    waitNote("attach all", run.attach),
    waitNote("detach all", run.detach),
    costNote("attach all", run.attach, run),
    costNote("detach all", run.detach, run),
    `Left out, as they refuse by design: ${run.leftOut.join(", ") || "none"}.`,
    ...explanations(run),
  ],
});

const latencyText = ({ latencyMs }: FleetRun): string => `${latencyMs} ms a request`;
