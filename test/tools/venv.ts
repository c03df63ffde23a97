// The Python environment of the test peers: `.venv`, made from test/peers/requirements.txt, with Debian's own Python.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..");
const folder = join(root, ".venv");
const requirementsFile = join(root, "test", "peers", "requirements.txt");
const stampFile = join(folder, "requirements.txt");

export const venv = {
  python: join(folder, "bin", "python3"),
  sushyEmulator: join(folder, "bin", "sushy-emulator"),
} as const;

/** True when `.venv` holds exactly what the requirements name: they are kept beside it once they are installed. */
export const venvIsReady = (): boolean =>
  existsSync(stampFile) && readFileSync(stampFile, "utf8") === readFileSync(requirementsFile, "utf8");

const runs = (command: string, ...words: readonly string[]): boolean =>
  spawnSync(command, words, { stdio: "inherit" }).status === 0;

/** Makes `.venv` anew unless it is ready; that it is not ready afterwards means that one of its commands failed. */
export const makeVenv = (): void => {
  if (venvIsReady()) return;
  rmSync(folder, { recursive: true, force: true });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirementsFile];
  if (runs("/usr/bin/python3", "-m", "venv", folder) && runs(venv.python, ...pip))
    writeFileSync(stampFile, readFileSync(requirementsFile));
};
