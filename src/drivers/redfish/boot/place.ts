// Where a service takes the boot override: in the System, in its Settings object (DSP0268 Settings), or at a path beside the System.
import type { Knowledge } from "../knowledge.ts";
import { type Learnt, present } from "../memory.ts";
import { bootProperties, isResource, type Resource } from "../schema.ts";
import type { Service } from "../service/service.ts";

type LearntBoot = NonNullable<Learnt["boot"]>;

export type Place = LearntBoot & { readonly path: string };

/** The remembered one, as long as the quirk is the one by which it was found. */
export const placeOf = async (service: Service, knowledge: Knowledge): Promise<Place> => {
  const { resource, suffix = "" } = service.quirks.boot;
  const known = knowledge.learnt.boot ?? { targets: [] };
  const foundBy = `${resource}${suffix}`;
  if (known.path !== undefined && known.foundBy === foundBy) return { ...known, path: known.path };
  const found = { ...(await find(service, knowledge.learnt.systemPath, known)), foundBy };
  knowledge.update({ boot: found });
  return found;
};

const find = async (service: Service, systemPath: string, known: LearntBoot): Promise<Place> => {
  const { resource, suffix = "" } = service.quirks.boot;
  if (resource === "suffix") return placeAt(service, `${systemPath.replace(/\/$/, "")}${suffix}`, known);
  const { holdsMode: _other, ...own } = known;
  if (resource === "system" || known.settings === undefined) return { ...own, path: systemPath };
  if (resource === "settings") return placeAt(service, known.settings, known);
  const { body } = await service.get(known.settings);
  return holdsOverride(body) ? toPlace(known.settings, body, known) : { ...own, path: systemPath };
};

const placeAt = async (service: Service, path: string, known: LearntBoot): Promise<Place> =>
  toPlace(path, (await service.get(path)).body, known);

/** Elsewhere the Settings object is for other properties, such as the boot order. */
const holdsOverride = ({ Boot }: Resource): boolean =>
  isResource(Boot) && Object.keys(Boot).some((name) => name.startsWith("BootSourceOverride"));

/** Some list the allowed targets only here. */
const toPlace = (path: string, { Boot }: Resource, known: LearntBoot): Place => {
  const targets = bootProperties.parse(Boot)["BootSourceOverrideTarget@Redfish.AllowableValues"];
  return present({
    ...known,
    path,
    targets: targets.length > 0 ? targets : known.targets,
    holdsMode: isResource(Boot) ? "BootSourceOverrideMode" in Boot : undefined,
  });
};
