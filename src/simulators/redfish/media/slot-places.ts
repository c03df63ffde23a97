// Where the slots hang: under the System (ComputerSystem 1.13 and later), under the Manager (before), or under both as two views of one device.
import type { Personality } from "../personality/index.ts";
import {
  isObject,
  isOfType,
  linkOf,
  linksOf,
  membersOf,
  plainUri,
  type Resource,
  type Tree,
  urisOfType,
} from "../resources/tree.ts";

export interface SlotPlace {
  /** The slot's URIs: one a view. */
  readonly uris: readonly string[];
  /** Systems whose hosts see the medium. */
  readonly systems: readonly string[];
}

/** A tree that is still being put together. */
export type GrowingTree = Map<string, Resource>;

type View = Personality["media"]["view"];

/** What the resource at `uri` lists under Links. */
const linked = (tree: Tree, uri: string, name: string): readonly string[] => {
  const links = tree.get(uri)?.["Links"];
  return isObject(links) ? linksOf(links[name]) : [];
};

/** Systems that the Manager at `uri` manages; where nothing says which, the only one. */
const managedBy = (tree: Tree, uri: string): readonly string[] => {
  const systems = urisOfType(tree, "ComputerSystem");
  const served = linked(tree, uri, "ManagerForServers");
  const managed = systems.filter(
    (system) => linked(tree, system, "ManagedBy").includes(uri) || served.includes(system),
  );
  return managed.length === 0 && systems.length === 1 ? systems : managed;
};

const copyCollection = (tree: GrowingTree, from: string, to: string): void => {
  for (const [uri, resource] of Array.from(tree)) {
    if (uri !== from && !uri.startsWith(`${from}/`)) continue;
    const moved: Resource = JSON.parse(JSON.stringify(resource).replaceAll(`"${from}`, `"${to}`));
    tree.set(to + uri.slice(from.length), moved);
  }
};

const removeCollection = (tree: GrowingTree, from: string, owner: string): void => {
  for (const uri of Array.from(tree.keys())) if (uri === from || uri.startsWith(`${from}/`)) tree.delete(uri);
  const { VirtualMedia: _gone, ...rest } = tree.get(owner) ?? {};
  tree.set(owner, rest);
};

const link = (tree: GrowingTree, owner: string, collection: string): void => {
  tree.set(owner, { ...tree.get(owner), VirtualMedia: { "@odata.id": collection } });
};

/** The other side of a view: a System's first Manager, or a Manager's first System. */
const counterpart = (tree: Tree, owner: string): string | undefined => {
  const resource = tree.get(owner) ?? {};
  if (isOfType(resource, "Manager")) return managedBy(tree, owner)[0];
  return urisOfType(tree, "Manager").find((manager) => managedBy(tree, manager).includes(owner));
};

/** Systems whose hosts see what is in the collection of `owner`. */
const systemsOf = (tree: Tree, owner: string): readonly string[] =>
  isOfType(tree.get(owner) ?? {}, "Manager") ? managedBy(tree, owner) : [owner];

/** Slots that no collection lists: they belong to the System or Manager they are below. */
const unlistedPlaces = (tree: Tree, uris: readonly string[], owners: readonly string[]): readonly SlotPlace[] =>
  uris.map((uri) => {
    const owner = owners.find((candidate) => uri.startsWith(`${candidate}/`));
    return { uris: [uri], systems: owner === undefined ? [] : systemsOf(tree, owner) };
  });

/** Places that are one device become one. */
const united = (places: readonly SlotPlace[], devices: readonly (readonly string[])[]): readonly SlotPlace[] => {
  const groups = new Map<string, SlotPlace[]>();
  for (const place of places) {
    const device = devices.find((listed) => place.uris.some((uri) => listed.includes(uri)));
    const key = device?.join(" ") ?? place.uris.join(" ");
    groups.set(key, [...(groups.get(key) ?? []), place]);
  }
  return [...groups.values()].map((group) => ({
    uris: group.flatMap(({ uris }) => uris),
    systems: [...new Set(group.flatMap(({ systems }) => systems))],
  }));
};

/**
 * The slots of a fixture, after its collections were moved or doubled as the personality's `view` wants.
 * Changes `tree`.
 */
export const slotPlaces = (tree: GrowingTree, media: Personality["media"]): readonly SlotPlace[] => {
  const owners = [...urisOfType(tree, "ComputerSystem"), ...urisOfType(tree, "Manager")];
  const found = owners.flatMap((owner) => {
    const collection = linkOf(tree.get(owner)?.["VirtualMedia"]);
    return collection === undefined ? [] : [{ owner, collection }];
  });
  const listed = found.flatMap(({ owner, collection }) => {
    const systems = systemsOf(tree, owner);
    const suffixes = membersOf(tree, collection).map((uri) => uri.slice(collection.length));
    const roots = arrange(tree, owner, collection, media.view);
    return suffixes.map((suffix) => ({ uris: roots.map((root) => root + suffix), systems }));
  });
  return united([...listed, ...unlistedPlaces(tree, media.unlisted.map(plainUri), owners)], media.sameDevice);
};

/** Moves or doubles one collection and answers the URIs under which it is then found. */
const arrange = (tree: GrowingTree, owner: string, collection: string, view: View): readonly string[] => {
  const side = isOfType(tree.get(owner) ?? {}, "Manager") ? "manager" : "system";
  const other = counterpart(tree, owner);
  if (view === "as-is" || view === side || other === undefined) return [collection];
  const target = `${other}/VirtualMedia`;
  copyCollection(tree, collection, target);
  link(tree, other, target);
  if (view === "both") return [collection, target];
  removeCollection(tree, collection, owner);
  return [target];
};
