// `npm test`: makes sure of the peers, checks the code, runs every test, and closes with one line of counts.
// With arguments (`npm test -- test/rest`) it runs only the tests they name, and no checks.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ensurePeers } from "./tools/peers.ts";

const root = join(import.meta.dirname, "..");
const summaryFile = join(root, ".cache", "vitest.json");

const summarySchema = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.unknown()) })),
});

const runNode = (...words: readonly string[]): boolean =>
  spawnSync(process.execPath, words, { cwd: root, stdio: "inherit" }).status === 0;

const runTests = (words: readonly string[]): boolean => {
  mkdirSync(join(root, ".cache"), { recursive: true });
  rmSync(summaryFile, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${summaryFile}`];
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  return runNode(vitest, "run", "--config", "test/vitest.config.ts", ...reporters, ...words);
};

/** A file that could not even be loaded has no test to count: it counts as one that failed. */
const closingLine = (): { readonly line: string; readonly failed: number } => {
  const summary = summarySchema.parse(JSON.parse(readFileSync(summaryFile, "utf8")));
  const broken = summary.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
  const failed = summary.numFailedTests + broken.length;
  const skipped = summary.numPendingTests + summary.numTodoTests;
  return { line: `${summary.numPassedTests} passed, ${failed} failed, ${skipped} skipped`, failed };
};

const words = process.argv.slice(2);
for (const line of ensurePeers()) process.stdout.write(`${line}\n`);
const isChecked = words.length > 0 || runNode(join(root, "test", "check.ts"), "types", "lint", "format", "dead code");
const isTested = runTests(words);
const { line, failed } = closingLine();
process.stdout.write(`\n${line}\n`);
process.exitCode = isChecked && isTested && failed === 0 ? 0 : 1;
