// The claim, fence and step protocol against a model: random histories of two runners, crashes and cancellations.
import fc from "fast-check";
import { expect, it } from "vitest";
import { MediabayError, toErrorRecord } from "../../src/core/errors.ts";
import type { Claim, Journal } from "../../src/core/ports.ts";
import { sampleMachine, sampleOperation } from "../tools/store-samples.ts";
import { openTempStore, type TempStore } from "../tools/temp-store.ts";

type StepState = "running" | "done" | "failed" | "undone";
interface ModelStep {
  state: StepState;
  attempts: number;
  output?: number;
}
interface Model {
  state: "queued" | "running" | "compensating" | "succeeded" | "failed" | "cancelled";
  /** The last claim's holder; others are fenced. */
  holder: number | undefined;
  cancelRequested: boolean;
  readonly steps: Map<string, ModelStep>;
}
interface Real {
  readonly temp: TempStore;
  readonly claims: Map<number, Claim>;
  lastSeq: number;
}
type Command = fc.AsyncCommand<Model, Real>;

const error = toErrorRecord(new MediabayError("BMC_BUSY", "busy"));
const ended = (model: Model): boolean => ["succeeded", "failed", "cancelled"].includes(model.state);
const journalOf = (real: Real): Journal => real.temp.store.journal;

/** What the store shows must be what the model says, after every command. */
const agree = async (model: Model, real: Real): Promise<void> => {
  commandsRun += 1;
  const shown = await journalOf(real).get("op");
  expect(shown.state).toBe(model.state);
  expect(shown.cancelRequested).toBe(model.cancelRequested);
  const steps = [...model.steps].map(([name, step]) => [name, step.state, step.attempts]);
  expect(shown.steps.map((step) => [step.name, step.state, step.attempts])).toEqual(steps);
  expect((await journalOf(real).unfinished()).length).toBe(ended(model) ? 0 : 1);
  const events = await journalOf(real).events(0);
  const numbers = events.map((event) => event.seq);
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  expect(numbers.at(-1) ?? 0).toBeGreaterThanOrEqual(real.lastSeq);
  real.lastSeq = numbers.at(-1) ?? 0;
};

let commandsRun = 0;

const command = (text: string, run: (model: Model, real: Real) => Promise<void>): Command => ({
  check: () => true,
  toString: () => text,
  run: async (model, real) => {
    await run(model, real);
    await agree(model, real);
  },
});

const claim = (runner: number): Command =>
  command(`claim by ${runner}`, async (model, real) => {
    const claiming = journalOf(real).claim("op");
    if (ended(model)) {
      await expect(claiming).rejects.toMatchObject({ code: "INVALID_REQUEST" });
      return;
    }
    const claimed = await claiming;
    real.claims.set(runner, claimed.claim);
    model.holder = runner;
    if (model.state === "queued") model.state = "running";
    expect(claimed.input).toEqual({ say: "op" });
    const outputs = claimed.steps.map((step) => [step.name, step.output]);
    expect(outputs).toEqual([...model.steps].map(([name, step]) => [name, step.output]));
  });

/** A write under a runner's claim: refused whole when the claim is stale, else as the model has it. */
const write = (
  text: string,
  runner: number,
  send: (journal: Journal, held: Claim) => Promise<unknown>,
  apply: (model: Model) => boolean,
): Command => ({
  check: () => true,
  toString: () => `${text} by ${runner}`,
  run: async (model, real) => {
    const held = real.claims.get(runner);
    if (!held) return;
    const sent = send(journalOf(real), held);
    if (model.holder !== runner || ended(model)) {
      await expect(sent).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", context: { fenced: true } });
    } else if (apply(model)) await sent;
    else await expect(sent).rejects.toMatchObject({ code: "INTERNAL" });
    await agree(model, real);
  },
});

const begin = (runner: number, name: string): Command =>
  write(
    `begin ${name}`,
    runner,
    (journal, held) => journal.beginStep(held, name, name),
    ({ steps }) => {
      const step = steps.get(name);
      if (step?.state === "done" || step?.state === "undone") return false;
      steps.set(name, { ...step, state: "running", attempts: (step?.attempts ?? 0) + 1 });
      return true;
    },
  );

const change = (
  text: StepState,
  runner: number,
  name: string,
  send: (journal: Journal, held: Claim) => Promise<unknown>,
  output?: number,
): Command =>
  write(`${text} ${name}`, runner, send, ({ steps }) => {
    const step = steps.get(name);
    if (!step) return false;
    step.state = text;
    if (output !== undefined) step.output = output;
    return true;
  });

const compensating = (runner: number): Command =>
  write(
    "compensating",
    runner,
    (journal, held) => journal.compensating(held, error),
    (model) => {
      model.state = "compensating";
      return true;
    },
  );

const finish = (runner: number, state: "succeeded" | "failed" | "cancelled"): Command =>
  write(
    state,
    runner,
    (journal, held) => journal.finish(held, state, {}),
    (model) => {
      model.state = state;
      for (const step of model.steps.values()) if (step.state === "running") step.state = "failed";
      return true;
    },
  );

const cancel = command("cancel", async (model, real) => {
  await journalOf(real).requestCancel("op");
  if (ended(model)) return;
  model.cancelRequested = true;
  if (model.state === "queued") model.state = "cancelled";
});

const crash = command("crash", async (_model, real) => {
  await real.temp.crash();
  // What waited in memory is lost, so the last number may be lower; it is not given again, which `agree` sees from here on.
  real.lastSeq = (await journalOf(real).events(0)).at(-1)?.seq ?? 0;
});

const progress = command("progress", (_model, real) => journalOf(real).progress("op", "progress", {}));

const runners = fc.constantFrom(1, 2);
const names = fc.constantFrom("a", "b", "c");
const both = fc.tuple(runners, names);

const commands = [
  runners.map(claim),
  runners.map(claim),
  both.map(([runner, name]) => begin(runner, name)),
  both.map(([runner, name]) => begin(runner, name)),
  both.map(([runner, name]) =>
    change("done", runner, name, (journal, held) => journal.endStep(held, name, runner), runner),
  ),
  both.map(([runner, name]) => change("failed", runner, name, (journal, held) => journal.failStep(held, name, error))),
  both.map(([runner, name]) => change("undone", runner, name, (journal, held) => journal.undoneStep(held, name))),
  runners.map(compensating),
  fc
    .tuple(runners, fc.constantFrom("succeeded" as const, "failed" as const, "cancelled" as const))
    .map(([runner, state]) => finish(runner, state)),
  fc.constant(cancel),
  fc.constant(crash),
  fc.constant(progress),
];

it("every history of claims, steps, cancellations and crashes ends where the model says", async () => {
  const history = fc.commands(commands, { maxCommands: 40, size: "max" });
  await fc.assert(
    fc.asyncProperty(history, async (run) => {
      const temp = await openTempStore();
      try {
        await temp.store.machines.create(sampleMachine("m1"), []);
        await temp.store.journal.accept(sampleOperation("op"));
        const model: Model = { state: "queued", holder: undefined, cancelRequested: false, steps: new Map() };
        await fc.asyncModelRun(() => ({ model, real: { temp, claims: new Map(), lastSeq: 0 } }), run);
      } finally {
        await temp.close();
      }
    }),
    { numRuns: 40, endOnFailure: true, interruptAfterTimeLimit: 25_000 },
  );
  expect(commandsRun).toBeGreaterThan(100);
}, 60_000);
