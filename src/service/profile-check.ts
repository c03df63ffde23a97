// What profiles are held to: each protocol's own table of quirks. `mediabay profile check` asks it without a gateway.
import type { Profiles, Protocols } from "../core/ports.ts";
import { createProtocols } from "../drivers/registry.ts";
import { type CheckedProfile, checkProfile, createProfiles, type QuirkValidators } from "../profiles/index.ts";
import type { Settings } from "../settings/schema.ts";
import { systemClock } from "../wire/clock.ts";
import { createHttpPool } from "../wire/pool.ts";

const quirkValidators = (protocols: Protocols): QuirkValidators =>
  Object.fromEntries(
    [...protocols].map(([name, protocol]) => [
      name,
      (quirks: Readonly<Record<string, unknown>>) => protocol.quirks.parse(quirks),
    ]),
  );

/**
 * Each quirk is checked by its protocol's own table, so that a bad profile is named at start, not at a machine.
 * @throws MediabayError SETTINGS_INVALID
 */
export const loadProfiles = ({ profilesDir }: Settings, vendorsDir: string, protocols: Protocols): Promise<Profiles> =>
  createProfiles({
    vendorsDir,
    ...(profilesDir !== undefined && { siteDir: profilesDir }),
    validators: quirkValidators(protocols),
  });

/** Beside the shipped profiles. @throws MediabayError SETTINGS_INVALID with `context.problems` */
export const checkProfileFile = async (file: string, vendorsDir: string): Promise<CheckedProfile> => {
  const http = createHttpPool({ clock: systemClock });
  try {
    return await checkProfile({ file, vendorsDir, validators: quirkValidators(createProtocols({ http })) });
  } finally {
    http.close();
  }
};
