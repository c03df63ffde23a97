// The disguises in which a secret may stand somewhere without being hidden.

const swapped = (text: string): Buffer => Buffer.from(text, "utf16le").swap16();

/** Base64 of the text wherever it begins in a longer one: without the characters that depend on what stands beside it. */
const base64Forms = (text: string): readonly string[] =>
  [0, 1, 2].flatMap((shift) => {
    const padded = Buffer.concat([Buffer.alloc(shift, "x"), Buffer.from(text)]);
    const whole = padded.toString("base64").replace(/=+$/, "");
    const inner = whole.slice(shift === 0 ? 0 : 4, padded.length % 3 === 0 ? undefined : -1);
    return [inner, inner.replaceAll("+", "-").replaceAll("/", "_")];
  });

const hexForms = (text: string): readonly string[] => {
  const hex = Buffer.from(text).toString("hex");
  return [hex, hex.toUpperCase(), hex.replaceAll(/(..)(?!$)/g, "$1:")];
};

const urlForms = (text: string): readonly string[] => {
  const escaped = encodeURIComponent(text);
  const every = [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  return [
    escaped,
    escaped.replaceAll(/%../g, (code) => code.toLowerCase()),
    encodeURIComponent(escaped),
    every,
    every.toUpperCase(),
  ];
};

/** Each as bytes, once. */
export const formsOf = (text: string): ReadonlyMap<string, Buffer> => {
  const json = JSON.stringify(text).slice(1, -1);
  const named: readonly (readonly [string, Buffer | string])[] = [
    ["plain", text],
    ["JSON", json],
    ["JSON in JSON", JSON.stringify(json).slice(1, -1)],
    ["JSON with escaped slashes", json.replaceAll("/", "\\/")],
    ...base64Forms(text).map((form) => ["base64", form] as const),
    ...hexForms(text).map((form) => ["hex", form] as const),
    ...urlForms(text).map((form) => ["URL", form] as const),
    ["UTF-16LE", Buffer.from(text, "utf16le")],
    ["UTF-16BE", swapped(text)],
    ["reversed", Buffer.from(Buffer.from(text).toReversed())],
  ];
  return new Map(named.map(([name, form], index) => [`${name} #${index}`, Buffer.from(form)]));
};

export interface Canary {
  readonly name: string;
  readonly text: string;
}

/** Where canaries were found: `place: canary as form`. */
export const findCanaries = (
  canaries: readonly Canary[],
  places: Iterable<readonly [place: string, content: Buffer | string]>,
): readonly string[] => {
  const wanted = canaries.map(({ name, text }) => ({ name, forms: formsOf(text) }));
  const found: string[] = [];
  for (const [place, content] of places) {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content);
    for (const { name, forms } of wanted)
      for (const [form, needle] of forms) if (bytes.includes(needle)) found.push(`${place}: ${name} as ${form}`);
  }
  return found;
};
