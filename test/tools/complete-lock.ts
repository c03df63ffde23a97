// Adds to the lock file what `npm ci` wants and a mirror that lacks it kept `npm install` from writing: the packages of
// other platforms, which are never fetched here. To be run after a dependency has changed: `node test/tools/complete-lock.ts`.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const entrySchema = z.looseObject({
  dev: z.boolean().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
});

type Entry = z.infer<typeof entrySchema>;
type Packages = Readonly<Record<string, Entry>>;

/** The folders in which Node looks for `name` from `path`, as the lock file spells them, nearest first. */
const places = (path: string, name: string): readonly string[] => {
  const parent = path.lastIndexOf("/node_modules/");
  const outer = path === "" ? [] : places(parent < 0 ? "" : path.slice(0, parent), name);
  return [path === "" ? `node_modules/${name}` : `${path}/node_modules/${name}`, ...outer];
};

const systems = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];

const processors = ["arm64", "arm", "ia32", "ppc64", "riscv64", "s390x", "x64"];

/** Napi's and biome's names end in system, processor and C library; without a library's name it is glibc or none. */
const platformOf = (name: string) => {
  const words = name.split(/[/-]/u);
  const os = systems.filter((system) => words.includes(system));
  const cpu = processors.filter((processor) => words.includes(processor));
  const libc = ["musl", "gnu"].filter((library) => words.some((word) => word.startsWith(library)));
  if (os.length !== 1 || cpu.length !== 1) throw new Error(`${name} does not tell its platform`);
  return { cpu, os, libc: libc.length > 0 && { libc: libc.map((library) => library.replace("gnu", "glibc")) } };
};

/** @throws Error when a package that is missing is not one of a platform, or not of an exact version */
export const missingEntries = (packages: Packages): Packages =>
  Object.fromEntries(
    Object.entries(packages).flatMap(([path, { dev, optionalDependencies = {} }]) =>
      Object.entries(optionalDependencies)
        .filter(([name]) => !places(path, name).some((place) => place in packages))
        .map(([name, version]): [string, Entry] => {
          if (!/^\d+\.\d+\.\d+$/u.test(version)) throw new Error(`${name} ${version} is not of one version`);
          const { cpu, libc, os } = platformOf(name);
          return [`node_modules/${name}`, { version, cpu, ...(dev && { dev }), ...libc, optional: true, os }];
        }),
    ),
  );

if (import.meta.main) {
  const file = join(import.meta.dirname, "..", "..", "package-lock.json");
  const lock = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(file, "utf8")));
  const present = z.record(z.string(), z.unknown()).parse(lock["packages"]);
  const added = missingEntries(z.record(z.string(), entrySchema).parse(present));
  const sorted = Object.entries({ ...present, ...added }).toSorted(([one], [other]) => one.localeCompare(other, "en"));
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, undefined, 2)}\n`);
  process.stdout.write(`${Object.keys(added).length} packages added to the lock file\n`);
}
