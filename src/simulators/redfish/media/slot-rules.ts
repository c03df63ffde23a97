// What the personality says of one slot: the media switches, narrowed by the first of its `slots` rules that matches.
import type { Personality } from "../personality/index.ts";
import type { SlotRule } from "../personality/media.ts";

export type MediaRules = Personality["media"];

export interface SlotRules {
  readonly takesUrl: boolean;
  readonly refusal: SlotRule["refusal"];
  readonly control: MediaRules["control"];
  readonly extensions: readonly string[];
  readonly schemes: readonly string[];
  readonly is: SlotRule["is"];
  readonly hidden: readonly string[];
  readonly readable: boolean;
}

export const slotRules = (media: MediaRules, uri: string): SlotRules => {
  const rule = media.slots.find(({ match }) => new RegExp(match, "u").test(uri));
  return {
    takesUrl: rule?.takesUrl ?? true,
    refusal: rule?.refusal,
    control: rule?.control ?? media.control,
    extensions: rule?.extensions ?? media.extensions,
    schemes: rule?.schemes ?? media.schemes,
    is: rule?.is,
    hidden: [...media.hidden, ...(rule?.hidden ?? [])],
    readable: rule?.readable ?? true,
  };
};
