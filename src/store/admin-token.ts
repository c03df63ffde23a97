// The first start's admin token: a file that only the owner can read, where the command line finds it.
import { join } from "node:path";
import type { TokenStore } from "../core/ports.ts";
import { exists, writePrivateFile } from "./keys.ts";

export const adminTokenFile = (stateDir: string): string => join(stateDir, "admin.token");

const adminName = "admin";

/**
 * Makes the token `admin` and its file when there is none. A token that was used and whose file is gone was put elsewhere on
 * purpose: it stays. One that was never used lost its file to a crash: it is made again. @throws STORE_UNAVAILABLE
 */
export const ensureAdminToken = async (
  tokens: TokenStore,
  stateDir: string,
): Promise<{ readonly path: string; readonly created: boolean }> => {
  const path = adminTokenFile(stateDir);
  const known = (await tokens.list()).find((record) => record.name === adminName);
  if (known) {
    if (known.lastUsedAt !== undefined || (await exists(path))) return { path, created: false };
  }
  const { token } = await (known ? tokens.renew(known.id) : tokens.create(adminName, "admin"));
  await writePrivateFile(path, `${token}\n`);
  return { path, created: true };
};
