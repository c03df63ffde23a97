// `kill -9` before and after every commit of an operation, in a real process over a real file; then what a restart makes of it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OperationRecord } from "../../src/core/records.ts";
import { openSqliteStore } from "../../src/store/open-store.ts";
import { generateSealingKey, Sealer } from "../../src/store/sealer.ts";
import { systemClock } from "../../src/wire/clock.ts";
import { sampleMachine } from "../tools/store-samples.ts";
import { toyOperations, toyRequest, toySteps } from "./toy.ts";

type Outcome = "succeeds" | "fails";
type When = "before" | "after";

const key = generateSealingKey();
let parent: string;
let template: string;

beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), "mediabay-kill-"));
  template = mkdtempSync(join(parent, "template-"));
  const store = await openSqliteStore({ stateDir: template, sealer: new Sealer([key]), clock: systemClock });
  await store.machines.create(sampleMachine("m1"), []);
  await store.close();
});
afterAll(() => rmSync(parent, { recursive: true }));

const newPlace = (): { readonly dir: string; readonly effects: string } => {
  const dir = mkdtempSync(join(parent, "run-"));
  cpSync(template, dir, { recursive: true });
  return { dir, effects: join(dir, "effects") };
};

const runChild = async (
  dir: string,
  effects: string,
  outcome: Outcome,
  when: When,
  ordinal: number,
): Promise<string> => {
  const script = join(import.meta.dirname, "toy-process.ts");
  const words = [script, dir, key.bytes.toString("base64"), effects, outcome, when, String(ordinal)];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  expect({ code, signal }).toEqual(ordinal === 0 ? { code: 0, signal: null } : { code: null, signal: "SIGKILL" });
  return output;
};

const linesOf = (effects: string): readonly string[] =>
  existsSync(effects) ? readFileSync(effects, "utf8").trim().split("\n") : [];

const count = (lines: readonly string[], line: string): number => lines.filter((other) => other === line).length;

interface Aftermath {
  /** As the journal showed it right after the kill; undefined when it had not been accepted. */
  readonly left: OperationRecord | undefined;
  readonly effectsThen: readonly string[];
  readonly ended: OperationRecord;
  readonly effects: readonly string[];
}

/** A restart in which the client repeats its request. */
const restart = async (dir: string, effects: string, outcome: Outcome): Promise<Aftermath> => {
  const effectsThen = linesOf(effects);
  const store = await openSqliteStore({ stateDir: dir, sealer: new Sealer([key]), clock: systemClock });
  const [left] = (await store.journal.list({ limit: 1 })).items;
  const operations = toyOperations(store, effects, outcome);
  await operations.start();
  const { operation } = await operations.submit(toyRequest("second"));
  const ended = await operations.wait(operation.id, 30_000);
  expect((await store.journal.list({ limit: 9 })).items).toHaveLength(1);
  await operations.stop(0);
  await store.close();
  return { left, effectsThen, ended, effects: linesOf(effects) };
};

const isCommitted = ({ left }: Aftermath, name: string, state: "done" | "undone"): boolean =>
  left?.steps.some((step) => step.name === name && step.state === state) ?? false;

const checkSuccess = (aftermath: Aftermath): void => {
  const { ended, effects, effectsThen } = aftermath;
  expect(ended).toMatchObject({ state: "succeeded", result: "done" });
  expect(ended.steps.map((step) => [step.name, step.state])).toEqual(toySteps.map((name) => [name, "done"]));
  for (const name of toySteps) {
    const line = `do ${name}`;
    expect(count(effects, line)).toBeGreaterThanOrEqual(1);
    if (isCommitted(aftermath, name, "done")) expect(count(effects, line)).toBe(count(effectsThen, line));
  }
  expect(effects.filter((line) => line.startsWith("undo"))).toEqual([]);
};

const checkFailure = (aftermath: Aftermath): void => {
  const { ended, effects, effectsThen, left } = aftermath;
  expect(ended).toMatchObject({ state: "failed", error: { code: "BMC_REJECTED" } });
  expect(ended.steps.map((step) => [step.name, step.state])).toEqual(toySteps.map((name) => [name, "undone"]));
  for (const name of toySteps) {
    expect(count(effects, `undo ${name}`)).toBeGreaterThanOrEqual(1);
    for (const [word, state] of [
      ["do", "done"],
      ["undo", "undone"],
    ] as const) {
      const line = `${word} ${name}`;
      if (isCommitted(aftermath, name, state)) expect(count(effects, line)).toBe(count(effectsThen, line));
    }
  }
  const firstUndo = effects.findIndex((line) => line.startsWith("undo"));
  expect(effects.slice(firstUndo).every((line) => line.startsWith("undo"))).toBe(true);
  if (left?.state === "compensating")
    expect(effects.slice(effectsThen.length).every((line) => line.startsWith("undo"))).toBe(true);
};

const points = (commits: number): readonly (readonly [When, number])[] =>
  Array.from({ length: commits }, (_none, index) => index + 1).flatMap((ordinal) => [
    ["before", ordinal] as const,
    ["after", ordinal] as const,
  ]);

const killEverywhere = async (outcome: Outcome, check: (aftermath: Aftermath) => void): Promise<number> => {
  const whole = newPlace();
  const commits = Number(await runChild(whole.dir, whole.effects, outcome, "before", 0));
  const waiting = [...points(commits)];
  const worker = async (): Promise<void> => {
    for (let point = waiting.shift(); point; point = waiting.shift()) {
      const { dir, effects } = newPlace();
      await runChild(dir, effects, outcome, ...point);
      check(await restart(dir, effects, outcome));
    }
  };
  await Promise.all([worker(), worker()]);
  return commits;
};

describe("killed at every commit and restarted", () => {
  it("an operation that succeeds does each thing, none again that was committed, and ends right", async () => {
    // Acceptance, claim, begin and end of four steps, the end.
    expect(await killEverywhere("succeeds", checkSuccess)).toBe(11);
  }, 180_000);

  it("an operation that fails undoes each thing, does nothing any more, and ends right", async () => {
    // Acceptance, claim, three steps begun and ended, the fourth begun and failed, compensating, four undone, the end.
    expect(await killEverywhere("fails", checkFailure)).toBe(16);
  }, 180_000);
});
