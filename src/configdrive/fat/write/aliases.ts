// The 8.3 aliases that VFAT puts beside long names, unique in their directory.
// Microsoft "FAT: General Overview of On-Disk Format" 1.03, "The basis-name generation algorithm" and "numeric-tail".

const isShort = /^[A-Z0-9!#$%&'()\-@^_`{}~]{1,8}(\.[A-Z0-9!#$%&'()\-@^_`{}~]{1,3})?$/i;
const illegal = /[^A-Z0-9!#$%&'()\-@^_`{}~]/g;
const mostTailDigits = 6;

const padded = (base: string, extension: string): string => base.padEnd(8) + extension.padEnd(3);

const asIs = (name: string): string => {
  const [base = "", extension = ""] = name.toUpperCase().split(".");
  return padded(base, extension);
};

const legal = (text: string): string => text.replaceAll(/[. ]/g, "").toUpperCase().replaceAll(illegal, "_");

const basisOf = (name: string): readonly [base: string, extension: string] => {
  const stripped = name.replace(/^[. ]+/, "");
  const dot = stripped.lastIndexOf(".");
  const base = legal(dot < 0 ? stripped : stripped.slice(0, dot));
  return [base, dot < 0 ? "" : legal(stripped.slice(dot + 1)).slice(0, 3)];
};

/** For each name, in order: 11 characters, no dot. A short name is its own alias, and none of a longer one's. */
export const aliasesOf = (names: readonly string[]): readonly string[] => {
  const taken = new Set(names.filter((name) => isShort.test(name)).map(asIs));
  const nextTail = new Map<string, number>();
  const withTail = (name: string): string => {
    const [base, extension] = basisOf(name);
    for (let digits = 1; digits <= mostTailDigits; digits += 1) {
      const start = base.slice(0, 7 - digits);
      const key = `${digits} ${start}.${extension}`;
      for (let tail = nextTail.get(key) ?? 10 ** (digits - 1); tail < 10 ** digits; tail += 1) {
        const alias = padded(`${start}~${tail}`, extension);
        nextTail.set(key, tail + 1);
        if (taken.has(alias)) continue;
        taken.add(alias);
        return alias;
      }
    }
    // A directory has fewer names than there are tails.
    throw new Error(`no alias is left for ${name}`);
  };
  return names.map((name) => (isShort.test(name) ? asIs(name) : withTail(name)));
};
