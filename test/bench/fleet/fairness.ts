// Whether one family of BMCs costs another its turns: who waited for how long, and who was ready when, family by family.
import { median, type Table } from "../table.ts";
import type { BmcState } from "./bmcs.ts";
import type { Round, Turn } from "./rounds.ts";

/** A family starves when its machines wait in line longer than this, compared with the whole fleet's. */
const mostRatio = 1.25;

interface FamilyView {
  readonly family: string;
  readonly turns: readonly Turn[];
  /** Of its median wait and the fleet's. */
  readonly waited: number;
  /** Of its longest wait and the median of all families' longest waits. */
  readonly longest: number;
}

const queued = (turns: readonly Turn[]): readonly number[] => turns.map(({ queuedMs }) => queuedMs);
const longestOf = (turns: readonly Turn[]): number => Math.max(...queued(turns));

/** What is waited less is of no account: a small fleet has hardly a line. */
const noWaitMs = 5000;
const ratio = (one: number, other: number): number => Math.max(one, noWaitMs) / Math.max(other, noWaitMs);

const viewFamilies = ({ turns }: Round): readonly FamilyView[] => {
  const byFamily = Map.groupBy(turns, ({ family }) => family);
  const fleetMedian = median(queued(turns));
  const usualLongest = median([...byFamily.values()].map(longestOf));
  return [...byFamily]
    .map(([family, own]) => ({
      family,
      turns: own,
      waited: ratio(median(queued(own)), fleetMedian),
      longest: ratio(longestOf(own), usualLongest),
    }))
    .toSorted((left, right) => left.family.localeCompare(right.family));
};

export interface Fairness {
  readonly isFair: boolean;
  /** The family that fared worst, and how. */
  readonly text: string;
}

export const judgeFairness = (round: Round): Fairness => {
  const views = viewFamilies(round);
  const worst = (key: "waited" | "longest"): FamilyView | undefined =>
    views.toSorted((left, right) => right[key] - left[key])[0];
  const [byMedian, byLongest] = [worst("waited"), worst("longest")];
  const told = [
    `median wait at most ${(byMedian?.waited ?? 0).toFixed(2)}× the fleet's (${byMedian?.family ?? "none"})`,
    `longest at most ${(byLongest?.longest ?? 0).toFixed(2)}× the families' usual longest (${byLongest?.family ?? "none"})`,
  ];
  return {
    isFair: (byMedian?.waited ?? 0) <= mostRatio && (byLongest?.longest ?? 0) <= mostRatio,
    text: `${told.join(", ")}; above ${mostRatio}× it would starve`,
  };
};

const seconds = (ms: number): string => (ms / 1000).toFixed(1);
const ended = (turns: readonly Turn[]): readonly number[] => turns.map(({ endedMs }) => endedMs);

/** One family a line, of the round that attaches. */
export const familyTable = (round: Round, states: readonly BmcState[], latencyMs: number): Table => {
  const fleetEnded = ended(round.turns);
  const requests = Map.groupBy(states, ({ family }) => family);
  const rows = viewFamilies(round).map(({ family, turns, waited, longest }) => {
    const own = requests.get(family) ?? [];
    const perMachine = own.reduce((sum, state) => sum + state.requests, 0) / Math.max(1, own.length);
    const done = turns.filter(({ state }) => state === "succeeded").length;
    return [
      family,
      `${done} of ${turns.length}`,
      perMachine.toFixed(1),
      seconds(perMachine * latencyMs),
      seconds(median(turns.map(({ tookMs }) => tookMs))),
      waited.toFixed(2),
      longest.toFixed(2),
      (median(ended(turns)) / median(fleetEnded)).toFixed(2),
      (Math.max(...ended(turns)) / Math.max(...fleetEnded)).toFixed(2),
    ];
  });
  return {
    title: "Attach all, by family",
    columns: [
      "family",
      "attached",
      "requests",
      "× latency, s",
      "turn, s",
      "wait ÷ fleet",
      "longest ÷ usual",
      "done ÷ fleet: median",
      "last",
    ],
    rows,
    notes: [
      "requests: per machine, from the BMCs' own logs. turn: median from its beginning to its end, the BMC's own waits included.",
      "wait: in line, from acceptance to the turn. done: from the round's beginning, against the fleet's median and its last.",
    ],
  };
};
