// Sizes and durations as people write them: `64MiB`, `10m`. Shared by the settings and the command line.

const sizeUnits: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1024,
  kib: 1024,
  kb: 1000,
  m: 1024 ** 2,
  mib: 1024 ** 2,
  mb: 1000 ** 2,
  g: 1024 ** 3,
  gib: 1024 ** 3,
  gb: 1000 ** 3,
  t: 1024 ** 4,
  tib: 1024 ** 4,
  tb: 1000 ** 4,
};

const durationUnits: Readonly<Record<string, number>> = {
  "": 1,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const parseQuantity = (text: string, units: Readonly<Record<string, number>>): number | undefined => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const factor = units[unit?.toLowerCase() ?? ""];
  if (amount === undefined || factor === undefined) return undefined;
  const total = Math.round(Number(amount) * factor);
  return Number.isSafeInteger(total) ? total : undefined;
};

/** Bytes of `64MiB`, `1.5G`, `500kB` or a plain number; undefined when it is not a size. */
export const parseSizeBytes = (text: string): number | undefined => parseQuantity(text, sizeUnits);

/** Milliseconds of `10m`, `1.5h`, `30s`, `250ms` or a plain number; undefined when it is not a duration. */
export const parseDurationMs = (text: string): number | undefined => parseQuantity(text, durationUnits);

/** `1.5 MiB`: binary units, at most one decimal. */
export const formatSize = (bytes: number): string => {
  const names = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < names.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const text = unit === 0 || Number.isInteger(value) ? String(value) : value.toFixed(1).replace(/\.0$/, "");
  return `${text} ${names[unit] ?? "B"}`;
};

/** `250 ms`, `3.2 s`, `2 min 5 s`, `1 h 3 min`. */
export const formatDuration = (ms: number): string => {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1).replace(/\.0$/, "")} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};
