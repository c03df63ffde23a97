// Profiles: what each BMC family needs, as data. Shipped files and a site's own are read once, at start.
import { MediabayError } from "../core/errors.ts";
import type { Profiles } from "../core/ports.ts";
import { joinFamilies } from "./families.ts";
import { loadFolder, refuseProblems } from "./load.ts";
import { explainFamily, matchFamily } from "./match.ts";
import type { QuirkValidators } from "./problems.ts";
import { summaryOf, viewOf } from "./view.ts";

export { type CheckedProfile, checkProfile } from "./check.ts";
export type { QuirkValidators } from "./problems.ts";

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
  const shipped = await loadFolder(vendorsDir, "shipped");
  const site = siteDir === undefined ? [] : await loadFolder(siteDir, "site");
  refuseProblems(shipped, validators);
  refuseProblems(site, validators, shipped);
  const families = joinFamilies([...shipped, ...site]);
  return {
    match: (identity) => matchFamily(families, identity),
    explain: (identity) => explainFamily(families, identity),
    list: () => families.map(summaryOf),
    get: (id) => {
      const family = families.find((each) => each.id === id);
      if (family === undefined) throw new MediabayError("NOT_FOUND", "There is no such profile.", { profile: id });
      return viewOf(family);
    },
  };
};
