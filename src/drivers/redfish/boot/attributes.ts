// The override in attributes of an OEM resource: as data, for BMCs whose Boot object means other devices than the virtual ones.
import type { BootOverride } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import type { Knowledge } from "../knowledge.ts";
import type { RedfishQuirks } from "../quirks.ts";
import { isResource } from "../schema.ts";
import { patch } from "../service/conditional.ts";
import { isOk } from "../service/message.ts";
import type { Service } from "../service/service.ts";
import { fillText } from "../service/steps.ts";
import { settle } from "../service/task.ts";
import type { OverrideStore } from "./override.ts";

type BootQuirks = RedfishQuirks["boot"];
export type AttributeNames = NonNullable<BootQuirks["attributes"]>;

/** What an override is in the words of such a BMC. */
export const wordsFor = ({ target, enabled }: BootOverride, boot: BootQuirks): { target: string; enabled: string } => ({
  target: enabled === "Disabled" ? (boot.clearTarget ?? target) : target,
  enabled: boot.enabledValues[enabled],
});

const pathOf = (names: AttributeNames, { learnt }: Knowledge): string =>
  fillText(names.path, { system: learnt.systemPath, manager: learnt.managerPaths[0] ?? "" });

export const readAttributes = async (
  service: Service,
  knowledge: Knowledge,
  names: AttributeNames,
): Promise<BootOverride> => {
  const { body } = await service.get(pathOf(names, knowledge));
  const shown = isResource(body["Attributes"]) ? body["Attributes"] : {};
  const target = shown[names.target];
  const { clearTarget, enabledValues } = service.quirks.boot;
  if (typeof target !== "string" || target === clearTarget) return { target: "None", enabled: "Disabled" };
  const isOnce = names.enabled !== undefined && shown[names.enabled] === enabledValues.Once;
  return { target, enabled: isOnce ? "Once" : "Continuous" };
};

export const createAttributeStore = (service: Service, knowledge: Knowledge): OverrideStore => {
  const names = (): AttributeNames => {
    const { attributes } = service.quirks.boot;
    if (attributes !== undefined) return attributes;
    throw new MediabayError("INTERNAL", "The boot recipe has no attributes.", { protocol: "redfish" });
  };
  return {
    shows: true,
    targets: () => Promise.resolve([]),
    read: () => readAttributes(service, knowledge, names()),
    write: async (wanted) => {
      const { target, enabled } = names();
      const words = wordsFor(wanted, service.quirks.boot);
      const attributes = { [target]: words.target, ...(enabled === undefined ? {} : { [enabled]: words.enabled }) };
      const always = service.quirks.boot.ifMatch === "always";
      const reply = await patch(service, pathOf(names(), knowledge), { Attributes: attributes }, { always });
      if (!isOk(reply)) throw service.refusal(reply);
      await settle(service, reply);
    },
  };
};
