// The import law of design.md: which room may import which, and that no files import each other in a circle.
import { posix } from "node:path";
import type { SourceFile } from "./source.ts";

/** What each room may import beside itself. A driver is a room of its own; `packages: false` forbids Node and npm, too. */
interface RoomLaw {
  readonly rooms: readonly string[];
  readonly packages?: false;
}

const laws: Readonly<Record<string, RoomLaw>> = {
  core: { rooms: [], packages: false },
  wire: { rooms: ["core"] },
  settings: { rooms: ["core"] },
  telemetry: { rooms: ["core"] },
  profiles: { rooms: ["core"] },
  configdrive: { rooms: ["core", "wire"] },
  images: { rooms: ["core", "wire", "configdrive"] },
  partition: { rooms: ["core", "wire", "configdrive"] },
  store: { rooms: ["core", "wire"] },
  operations: { rooms: ["core", "wire"] },
  recording: { rooms: ["core", "wire"] },
  gateway: { rooms: ["core", "operations"] },
  rest: { rooms: ["core", "gateway"] },
  "redfish-service": { rooms: ["core", "gateway"] },
  compat: { rooms: ["core", "gateway"] },
  cli: { rooms: ["core", "wire"] },
  console: { rooms: [] },
  simulators: { rooms: [] },
};

const driverLaw: RoomLaw = { rooms: ["core", "wire"] };

/** Parts of the composition root, which knows every room. */
const compositionRooms = ["service", "demo"];

/** `src/core/x.ts` → `core`, `src/drivers/redfish/x.ts` → `drivers/redfish`, `src/x.ts` → `main`; undefined outside src. */
const roomOf = (path: string): string | undefined => {
  const [top, room, inside, ...deeper] = path.split("/");
  if (top !== "src" || room === undefined) return undefined;
  if (inside === undefined || compositionRooms.includes(room)) return "main";
  return room === "drivers" && deeper.length > 0 ? `drivers/${inside}` : room;
};

/** Undefined for Node's and npm's packages. */
const resolve = (from: string, specifier: string): string | undefined =>
  specifier.startsWith(".") ? posix.join(posix.dirname(from), specifier) : undefined;

const mayImport = (from: string, target: string): boolean => {
  const room = roomOf(target);
  if (room === from) return true;
  if (from === "main") return room !== undefined || target === "package.json";
  if (room === undefined) return from === "simulators" && target.startsWith("fixtures/");
  if (from === "drivers") return room === "core" || room.startsWith("drivers/");
  const law = from.startsWith("drivers/") ? driverLaw : laws[from];
  return law !== undefined && law.rooms.includes(room);
};

const complaint = (file: SourceFile, specifier: string): string | undefined => {
  const from = roomOf(file.path);
  if (from === undefined) return "is outside src";
  if (from !== "main" && from !== "drivers" && !from.startsWith("drivers/") && laws[from] === undefined)
    return `is in a room that the import law does not know: ${from}`;
  if (specifier === "(computed)") return "imports what only running it would tell";
  const target = resolve(file.path, specifier);
  if (target === undefined) return laws[from]?.packages === false ? `imports the package ${specifier}` : undefined;
  return mayImport(from, target) ? undefined : `imports ${target}`;
};

export const importViolations = (files: readonly SourceFile[]): readonly string[] =>
  files.flatMap((file) =>
    file.imports.flatMap(({ text, line }) => {
      const found = complaint(file, text);
      return found === undefined ? [] : [`${file.path}:${line} ${found}`];
    }),
  );

/** Circles as `a → b → a`. Only imports that come before a file runs count: a type is gone by then, and a late import comes after. */
export const cycles = (files: readonly SourceFile[]): readonly string[] => {
  const edges = new Map(
    files.map(({ path, imports }) => {
      const early = imports.filter(({ when }) => when === "early");
      return [path, early.flatMap(({ text }) => resolve(path, text) ?? [])] as const;
    }),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) found.push([...trail.slice(at), path].join(" → "));
    if (at >= 0 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) walk(path, []);
  return found;
};

/** Every sibling that a registry must name and does not, and whatever else of its folder it names. */
export const registryViolations = (registry: SourceFile, siblings: readonly string[]): readonly string[] => {
  const named = registry.imports.map(({ text }) => text).filter((text) => text.startsWith("./"));
  return [
    ...siblings.filter((sibling) => !named.includes(sibling)).map((name) => `${registry.path} lacks ${name}`),
    ...named.filter((name) => !siblings.includes(name)).map((name) => `${registry.path} names ${name}`),
  ];
};
