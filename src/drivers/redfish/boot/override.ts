// The boot override as this driver writes and reads it, whatever a BMC keeps it in.
import type { BootOverride } from "../../../core/driver.ts";

/** One way in which BMCs keep an override. */
export interface OverrideStore {
  /** Targets that the BMC allows; empty when it does not say. */
  targets(): Promise<readonly string[]>;
  read(): Promise<BootOverride>;
  write(wanted: BootOverride): Promise<void>;
  /** False where nothing that can be read shows what was written. */
  readonly shows: boolean;
}

export const isAsWanted = (shown: BootOverride, wanted: BootOverride): boolean =>
  shown.enabled === wanted.enabled && (wanted.enabled === "Disabled" || shown.target === wanted.target);

/** The first candidate that is allowed, in the BMC's own spelling (`CD` for `Cd`); the first of all where the BMC does not say. */
export const pickTarget = (candidates: readonly string[], allowed: readonly string[]): string | undefined => {
  if (allowed.length === 0) return candidates[0];
  for (const candidate of candidates) {
    const spelled = allowed.find((each) => each.toLowerCase() === candidate.toLowerCase());
    if (spelled !== undefined) return spelled;
  }
  return undefined;
};
