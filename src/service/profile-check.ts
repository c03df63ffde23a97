// What profiles are held to: each protocol's own table of quirks. `mediabay profile check` asks it without a gateway.
import type { Protocols } from "../core/ports.ts";
import { createProtocols } from "../drivers/registry.ts";
import { type CheckedProfile, checkProfile, type QuirkValidators } from "../profiles/index.ts";
import { systemClock } from "../wire/clock.ts";
import { createHttpPool } from "../wire/pool.ts";

export const quirkValidators = (protocols: Protocols): QuirkValidators =>
  Object.fromEntries(
    [...protocols].map(([name, protocol]) => [
      name,
      (quirks: Readonly<Record<string, unknown>>) => protocol.quirks.parse(quirks),
    ]),
  );

/** Beside the shipped profiles. @throws MediabayError SETTINGS_INVALID with `context.problems` */
export const checkProfileFile = async (file: string, vendorsDir: string): Promise<CheckedProfile> => {
  const http = createHttpPool({ clock: systemClock });
  try {
    return await checkProfile({ file, vendorsDir, validators: quirkValidators(createProtocols({ http })) });
  } finally {
    http.close();
  }
};
