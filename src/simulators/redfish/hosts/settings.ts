// The Settings object of a System (Settings schema): where it is, and which of Boot's properties it has.
import { isObject, linkOf, type Resource } from "../resources/tree.ts";
import { type BootRules, targetAnnotation } from "./boot.ts";

/** URI of the Settings object of the System at `uri`: the fixture's, or the personality's path below it. */
export const settingsUri = (system: Resource, uri: string, { settingsPath }: BootRules): string => {
  const settings = system["@Redfish.Settings"];
  return (isObject(settings) ? linkOf(settings["SettingsObject"]) : undefined) ?? uri + settingsPath;
};

/** Whether a property of Boot is written at the Settings object. */
export const isHeld = (rules: BootRules, name: string): boolean =>
  rules.resource === "settings" && (rules.settingsHold?.includes(name.split("@")[0] ?? "") ?? true);

const without = (boot: Resource, name: string): Resource => {
  const { [name]: _left, ...rest } = boot;
  return rest;
};

/** The Boot that the System, or its Settings object, shows. */
export const shownBoot = (boot: Resource, rules: BootRules, where: "system" | "settings"): Resource => {
  const shows = rules.targetsIn === "both" || rules.targetsIn === where;
  return shows ? boot : without(boot, targetAnnotation);
};

export interface SettingsView {
  readonly uri: string;
  readonly type: Resource[string];
  /** What the fixture has there. */
  readonly base: Resource | undefined;
  readonly boot: Resource;
}

export const settingsResource = ({ uri, type, base, boot }: SettingsView, rules: BootRules): Resource => {
  const held = Object.entries(shownBoot(boot, rules, "settings")).filter(([name]) => isHeld(rules, name));
  return {
    "@odata.id": uri,
    "@odata.type": type,
    Id: "Settings",
    Name: "Pending settings",
    ...base,
    ...(held.length > 0 ? { Boot: Object.fromEntries(held) } : {}),
  };
};
