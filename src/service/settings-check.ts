// `mediabay serve --check`: what a start would read because a setting names it. Nothing is made, nothing listens.
import { MediabayError } from "../core/errors.ts";
import { createProtocols } from "../drivers/registry.ts";
import { operatorCertificate } from "../images/certificates.ts";
import type { Settings } from "../settings/schema.ts";
import { checkKeys } from "../store/keys.ts";
import { systemClock } from "../wire/clock.ts";
import { createHttpPool } from "../wire/pool.ts";
import { readTls } from "./control-side.ts";
import { checkFileRoots } from "./file-roots.ts";
import { loadProfiles } from "./profile-check.ts";
import { keySource } from "./start.ts";

interface Problem {
  readonly key: string;
  readonly problem: string;
}

/** @throws MediabayError SETTINGS_INVALID; `context.problems` holds every problem as `{key, problem}` */
export const checkSettings = async (settings: Settings, vendorsDir: string): Promise<void> => {
  const found = await Promise.all([
    problemOf("control.tls", () => readTls(settings)),
    problemOf("imagePlane.https", () => checkImagePlane(settings)),
    problemOf(keySetting(settings), () => checkKeys(keySource(settings))),
    problemOf("profilesDir", () => checkProfiles(settings, vendorsDir)),
    problemOf("images.fileRoots", () => checkFileRoots(settings)),
  ]);
  const problems = found.filter((problem) => problem !== undefined);
  const [first] = problems;
  if (first === undefined) return;
  const count = problems.length === 1 ? "1 setting is" : `${problems.length} settings are`;
  const named = problems.map(({ key, problem }) => `${key}: ${problem}`).join(" ");
  throw new MediabayError("SETTINGS_INVALID", `${count} wrong: ${named}`, { field: first.key, problems });
};

/** Whatever the start would refuse is the setting's fault here, also where the store says it. */
const problemOf = async (setting: string, check: () => Promise<unknown>): Promise<Problem | undefined> => {
  try {
    await check();
    return undefined;
  } catch (error) {
    if (!(error instanceof MediabayError)) throw error;
    const { field } = error.context;
    return { key: field?.startsWith(setting) === true ? field : setting, problem: error.message };
  }
};

const keySetting = ({ keys }: Settings): string => {
  if (keys.env !== undefined) return "keys.env";
  return keys.credential === undefined ? "keys.file" : "keys.credential";
};

const checkImagePlane = async ({ imagePlane: { https } }: Settings): Promise<void> => {
  const { enabled, cert, key } = https;
  if (enabled && cert !== undefined && key !== undefined) await operatorCertificate(cert, key);
};

const checkProfiles = async (settings: Settings, vendorsDir: string): Promise<void> => {
  const http = createHttpPool({ clock: systemClock });
  try {
    await loadProfiles(settings, vendorsDir, createProtocols({ http }));
  } finally {
    http.close();
  }
};
