import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkKeys, loadSealer, parseKeys } from "../../src/store/keys.ts";
import { generateSealingKey, Sealer } from "../../src/store/sealer.ts";

describe("the sealer", () => {
  const [key, other] = [generateSealingKey(), generateSealingKey()];

  it("opens what it sealed, and seals the same value differently each time", () => {
    const sealer = new Sealer([key]);
    const [one, two] = [sealer.seal("row", { password: "canary" }), sealer.seal("row", { password: "canary" })];
    expect(sealer.open("row", one)).toEqual({ password: "canary" });
    expect(one.text).not.toBe(two.text);
    expect(Buffer.from(one.text, "base64url").includes("canary")).toBe(false);
  });

  it("opens nothing that was sealed for another row", () => {
    const sealer = new Sealer([key]);
    expect(() => sealer.open("row-2", sealer.seal("row-1", "x"))).toThrow(
      expect.objectContaining({ code: "STORE_UNAVAILABLE" }),
    );
  });

  it("opens nothing in which any byte was changed", () => {
    const sealer = new Sealer([key]);
    const sealed = sealer.seal("row", "x");
    const bytes = Buffer.from(sealed.text, "base64url");
    for (const index of bytes.keys()) {
      const forged = Buffer.from(bytes);
      forged[index] = (forged[index] ?? 0) ^ 1;
      const text = forged.toString("base64url");
      expect(() => sealer.open("row", { ...sealed, text }), `byte ${index}`).toThrow(
        expect.objectContaining({ code: "STORE_UNAVAILABLE" }),
      );
    }
    expect(() => sealer.open("row", { ...sealed, text: "" })).toThrow(
      expect.objectContaining({ code: "STORE_UNAVAILABLE" }),
    );
  });

  it("names the key that is missing", () => {
    const sealed = new Sealer([key]).seal("row", "x");
    expect(() => new Sealer([other]).open("row", sealed)).toThrow(key.id);
    expect(() => new Sealer([other]).open("row", { ...sealed, keyId: other.id })).toThrow(
      expect.objectContaining({ code: "STORE_UNAVAILABLE" }),
    );
  });

  it("seals with its first key and opens with any", () => {
    const sealed = new Sealer([key]).seal("row", "x");
    const both = new Sealer([other, key]);
    expect(both.open("row", sealed)).toBe("x");
    expect(both.seal("row", "y").keyId).toBe(other.id);
  });

  it("wraps anew without touching the sealed value", () => {
    const sealer = new Sealer([key]);
    const before = sealer.seal("row", "x");
    sealer.use(other);
    const after = sealer.rewrap("row", before);
    expect(after.keyId).toBe(other.id);
    expect(after.text.slice(-30)).toBe(before.text.slice(-30));
    expect(new Sealer([other]).open("row", after)).toBe("x");
    expect(() => new Sealer([key]).open("row", after)).toThrow(other.id);
  });
});

describe("sealing keys", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "mediabay-keys-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const keyText = generateSealingKey().bytes.toString("base64");

  it("are made at the first start, for the owner only, and found at the next", async () => {
    const path = join(dir, "sealing.key");
    const first = await loadSealer({ kind: "file", path });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await loadSealer({ kind: "file", path })).keyId).toBe(first.keyId);
  });

  it("are not made beside a database, which they could not open", async () => {
    const [path, database] = [join(dir, "sealing.key"), join(dir, "mediabay.db")];
    writeFileSync(database, "");
    for (const load of [loadSealer, checkKeys]) {
      const loading = load({ kind: "file", path, database });
      await expect(loading).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", hint: expect.stringContaining(path) });
    }
    expect(readdirSync(dir)).toEqual(["mediabay.db"]);
  });

  it("are not made by a check", async () => {
    await checkKeys({ kind: "file", path: join(dir, "sealing.key"), database: join(dir, "mediabay.db") });
    expect(readdirSync(dir)).toEqual([]);
  });

  it("are refused from a file that others may read", async () => {
    const path = join(dir, "sealing.key");
    writeFileSync(path, keyText, { mode: 0o644 });
    const loading = loadSealer({ kind: "file", path });
    await expect(loading).rejects.toMatchObject({ code: "SETTINGS_INVALID", hint: `chmod 600 ${path}` });
  });

  it("come from the environment and from a systemd credential", async () => {
    const expected = parseKeys(keyText)[0]?.id;
    const variable = await loadSealer({ kind: "environment", variable: "KEY" }, { KEY: keyText });
    expect(variable.keyId).toBe(expected);
    writeFileSync(join(dir, "seal"), `${keyText}\n`, { mode: 0o400 });
    const credential = await loadSealer({ kind: "systemd", name: "seal" }, { CREDENTIALS_DIRECTORY: dir });
    expect(credential.keyId).toBe(expected);
  });

  it("are missed by name", async () => {
    const code = { code: "SETTINGS_INVALID" };
    await expect(loadSealer({ kind: "environment", variable: "KEY" }, {})).rejects.toMatchObject(code);
    await expect(loadSealer({ kind: "systemd", name: "seal" }, {})).rejects.toMatchObject(code);
    const lost = loadSealer({ kind: "systemd", name: "seal" }, { CREDENTIALS_DIRECTORY: dir });
    await expect(lost).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    const nowhere = loadSealer({ kind: "file", path: join(dir, "no", "sealing.key") });
    await expect(nowhere).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("are read in base64, base64url and hexadecimal, several at once, the first sealing", () => {
    const [one, two, three] = [generateSealingKey(), generateSealingKey(), generateSealingKey()];
    const text = `${one.bytes.toString("base64url")}\n${two.bytes.toString("hex")}, ${three.bytes.toString("base64")}\n`;
    expect(parseKeys(text).map((key) => key.id)).toEqual([one.id, two.id, three.id]);
  });

  it("are refused when they are no keys, without repeating them", () => {
    expect(() => parseKeys("")).toThrow(expect.objectContaining({ code: "SETTINGS_INVALID" }));
    for (const text of ["hunter2", keyText.slice(1), "z".repeat(64), `${keyText}${keyText}`]) {
      const parse = (): unknown => parseKeys(text);
      expect(parse).toThrow(expect.objectContaining({ code: "SETTINGS_INVALID" }));
      expect(parse).not.toThrow(text);
    }
  });

  it("leave no unfinished file behind", async () => {
    const path = join(dir, "sealing.key");
    await loadSealer({ kind: "file", path });
    expect(() => readFileSync(`${path}.new`)).toThrow("ENOENT");
  });
});
