// What the driver makes of the refusals that a family is known for, with given profiles.
import type { DriverContext } from "../../src/core/driver.ts";
import type { Profiles } from "../../src/core/ports.ts";
import { actionOf, messagesOf, rejection } from "../../src/drivers/redfish/errors.ts";
import { redfishQuirks } from "../../src/drivers/redfish/quirks.ts";
import type { Family } from "./families.ts";
import { openRig, type Stage } from "./rig.ts";
import { siteOf } from "./stories.ts";

export interface Understood {
  readonly code: string;
  readonly action?: string;
  readonly hint: string;
}

/** In the order of the family's `answers`. */
export const understand = async (stage: Stage, family: Family, profiles: Profiles): Promise<readonly Understood[]> => {
  const rig = await openRig(stage, { fixture: family.fixture, profiles, site: siteOf("boot") });
  try {
    const { deps } = rig;
    const context: DriverContext = {
      clock: rig.clock,
      signal: AbortSignal.timeout(60_000),
      onExchange: () => undefined,
    };
    const endpoint = await deps.machines.endpoint("machine", 0);
    const identity = await deps.protocols.get("redfish")?.identify(endpoint, context);
    if (identity === undefined) throw new Error(`${family.fixture} does not speak Redfish`);
    const { errors } = redfishQuirks.parse(profiles.match(identity).quirks.redfish ?? {});
    return family.expected.answers.map(({ status, id, text }) => {
      const body = {
        error: { "@Message.ExtendedInfo": [{ ...(id === undefined ? {} : { MessageId: id }), Message: text }] },
      };
      const error = rejection({ status, messages: messagesOf(body), text: "" }, {}, errors.list);
      const action = actionOf(error);
      return { code: error.code, ...(action === undefined ? {} : { action }), hint: error.hint };
    });
  } finally {
    await rig.close();
  }
};
