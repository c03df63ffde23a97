// Software that we did not write and that the tests run against: made sure of before the tests, asked for by them.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { debianPackages, installPackages, missingPackages } from "./apt.ts";
import { makeVenv, venvIsReady } from "./venv.ts";

const isRoot = process.getuid?.() === 0;

/** True in CI, where a missing peer must fail the tests. */
export const peersAreRequired = (environment: NodeJS.ProcessEnv = process.env): boolean =>
  !["", "0", "false", undefined].includes(environment["CI"]);

/** What is missing, each with what to do about it. */
const missingPeers = (): readonly string[] => {
  const packages = missingPackages();
  return [
    ...(packages === undefined
      ? [`Not a Debian system: install what these packages hold: ${debianPackages.join(" ")}`]
      : []),
    ...(packages?.length ? [`Debian packages are missing: sudo apt-get install ${packages.join(" ")}`] : []),
    ...(venvIsReady() ? [] : [".venv is missing or outdated: npm test makes it, once python3-venv is installed"]),
  ];
};

/**
 * Installs what may be installed: Debian packages as root, `.venv` always. Answers what is still missing.
 * @throws Error when something is missing and `CI` is set
 */
export const ensurePeers = (): readonly string[] => {
  const packages = missingPackages() ?? [];
  if (packages.length > 0 && isRoot) installPackages(packages);
  makeVenv();
  const missing = missingPeers();
  if (missing.length > 0 && peersAreRequired()) throw new Error(`Test peers are missing.\n${missing.join("\n")}`);
  return missing;
};

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
};

const isOnPath = (command: string): boolean =>
  [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"].some((folder) => isExecutable(join(folder, command)));

/**
 * For `describe.skipIf`: true when one of the commands is missing, with a line that says what to do; `.venv` stands for what
 * test/peers/requirements.txt holds.
 * @throws Error instead when `CI` is set
 */
export const lacksPeer = (...commands: readonly string[]): boolean => {
  const missing = commands.filter((command) => (command === ".venv" ? !venvIsReady() : !isOnPath(command)));
  if (missing.length === 0) return false;
  const advice = `Missing: ${missing.join(", ")}. \`npm test\` as root installs it; otherwise:\n${missingPeers().join("\n")}`;
  if (peersAreRequired()) throw new Error(advice);
  process.stderr.write(`${advice}\n`);
  return true;
};
