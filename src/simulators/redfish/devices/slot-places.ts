// Where the slots hang: under the System (ComputerSystem 1.13 and later), under the Manager (before), or under both as two views of one device.
import type { Personality } from "../personality.ts";
import { isOfType, linkOf, linksOf, membersOf, type Resource, type Tree, urisOfType } from "../tree.ts";

export interface SlotPlace {
  /** The slot's URIs: one a view. */
  readonly uris: readonly string[];
  /** Systems whose hosts see the medium. */
  readonly systems: readonly string[];
}

type View = Personality["media"]["view"];

/** Systems that the Manager at `uri` manages. */
const managedBy = (tree: Tree, uri: string): readonly string[] =>
  urisOfType(tree, "ComputerSystem").filter((system) => {
    const links = tree.get(system)?.["Links"];
    const managers =
      typeof links === "object" && links !== null && "ManagedBy" in links ? linksOf(links.ManagedBy) : [];
    return managers.includes(uri);
  });

const copyCollection = (tree: Tree, from: string, to: string): void => {
  for (const [uri, resource] of Array.from(tree)) {
    if (uri !== from && !uri.startsWith(`${from}/`)) continue;
    const moved: Resource = JSON.parse(JSON.stringify(resource).replaceAll(`"${from}`, `"${to}`));
    tree.set(to + uri.slice(from.length), moved);
  }
};

const removeCollection = (tree: Tree, from: string, owner: string): void => {
  for (const uri of Array.from(tree.keys())) if (uri === from || uri.startsWith(`${from}/`)) tree.delete(uri);
  const { VirtualMedia: _gone, ...rest } = tree.get(owner) ?? {};
  tree.set(owner, rest);
};

const link = (tree: Tree, owner: string, collection: string): void => {
  tree.set(owner, { ...tree.get(owner), VirtualMedia: { "@odata.id": collection } });
};

/** The other side of a view: a System's first Manager, or a Manager's first System. */
const counterpart = (tree: Tree, owner: string): string | undefined => {
  const resource = tree.get(owner) ?? {};
  if (isOfType(resource, "Manager")) return managedBy(tree, owner)[0];
  return urisOfType(tree, "Manager").find((manager) => managedBy(tree, manager).includes(owner));
};

/**
 * The slots of a fixture, after its collections were moved or doubled as `view` wants.
 * Changes `tree`.
 */
export const slotPlaces = (tree: Tree, view: View): readonly SlotPlace[] => {
  const found = [...urisOfType(tree, "ComputerSystem"), ...urisOfType(tree, "Manager")].flatMap((owner) => {
    const collection = linkOf(tree.get(owner)?.["VirtualMedia"]);
    return collection === undefined ? [] : [{ owner, collection }];
  });
  return found.flatMap(({ owner, collection }) => {
    const systems = isOfType(tree.get(owner) ?? {}, "Manager") ? managedBy(tree, owner) : [owner];
    const suffixes = membersOf(tree, collection).map((uri) => uri.slice(collection.length));
    const roots = arrange(tree, owner, collection, view);
    return suffixes.map((suffix) => ({ uris: roots.map((root) => root + suffix), systems }));
  });
};

/** Moves or doubles one collection and answers the URIs under which it is then found. */
const arrange = (tree: Tree, owner: string, collection: string, view: View): readonly string[] => {
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
