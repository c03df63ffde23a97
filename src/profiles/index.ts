// Profiles: what each BMC family needs, as data. Shipped files and a site's own are read once, at start.
import type { Profiles } from "../core/ports.ts";
import { type QuirkValidators, joinFamilies, loadFolder } from "./load.ts";
import { matchFamily } from "./match.ts";

export type { QuirkValidators } from "./load.ts";

export interface ProfileOptions {
  /** The shipped files: `generic.json` and `<vendor>/<product>.json`. */
  readonly vendorsDir: string;
  /** A site's own files, of the same form: they add families, or change shipped ones. */
  readonly siteDir?: string;
  /** Each protocol's own check of its quirks, called with one quirk at a time. */
  readonly validators?: QuirkValidators;
}

/** @throws MediabayError SETTINGS_INVALID naming the file and the key at fault */
export const createProfiles = async ({ vendorsDir, siteDir, validators = {} }: ProfileOptions): Promise<Profiles> => {
  const shipped = await loadFolder(vendorsDir, "shipped", validators);
  const site = siteDir === undefined ? [] : await loadFolder(siteDir, "site", validators);
  const families = joinFamilies(shipped, site);
  return {
    match: (identity) => matchFamily(families, identity),
    list: () => families.map(({ id, title }) => ({ id, title })),
  };
};
