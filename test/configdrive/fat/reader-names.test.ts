import { describe, expect, it } from "vitest";
import { writeFat } from "../../../src/configdrive/fat/writer.ts";
import { aliases, damaged, pathsOf, read, recordOf } from "./damage.ts";

const { a, b, d } = aliases;

/** Without the long name in front, which is one slot for these names. */
const withoutLongName = (image: Buffer, alias: string): void =>
  void image.writeUInt8(0xe5, recordOf(image, alias) - 32);

describe("reading names", () => {
  it("shows a bare alias as Linux does: upper case but for the parts that are marked as lower", async () => {
    for (const [flags, name] of [
      [0, "A.TXT"],
      [0x08, "a.TXT"],
      [0x10, "A.txt"],
      [0x18, "a.txt"],
    ] as const) {
      const found = await damaged((image) => {
        withoutLongName(image, a);
        image.writeUInt8(flags, recordOf(image, a) + 12);
      });
      expect(pathsOf(found)[0]).toBe(name);
    }
  });

  it("decodes bare aliases by code page 437, with 0x05 for 0xe5", async () => {
    const found = await damaged((image) => {
      withoutLongName(image, a);
      image.set([0x05, 0x81, 0x9a, 0xff], recordOf(image, a));
    });
    expect(pathsOf(found)[0]).toBe("σüÜ\u00a0.TXT");
  });

  it("ignores a long name that is not the alias's", async () => {
    for (const change of [13, 0, 11]) {
      const found = await damaged((image) => {
        const slot = recordOf(image, a) - 32;
        image.write("Z", slot + 1, "latin1");
        image.writeUInt8(change === 11 ? 0x08 : (image.readUInt8(slot + change) ^ 0x03) & 0xff, slot + change);
      });
      expect(pathsOf(found)[0]).toBe("A.TXT");
    }
    expect(pathsOf(await damaged((image) => image.write("Z", recordOf(image, a) - 31, "latin1")))[0]).toBe("Z.TXT");
  });

  it("ignores a long name with a slot that is another's, is missing or is out of order", async () => {
    const long = "fifteen letters and more than two slots.txt";
    const image = () => writeFat([{ kind: "file", path: long, bytes: Buffer.from("x") }]);
    const alias = "FIFTEE~1TXT";
    expect(pathsOf(await read(image()))).toEqual([long]);
    const changes: readonly ((slot: number, at: Buffer) => void)[] = [
      (slot, at) => void at.writeUInt8(at.readUInt8(slot + 13) ^ 1, slot + 13),
      (slot, at) => void at.writeUInt8(0xe5, slot),
      (slot, at) => void at.writeUInt8(1, slot),
      (slot, at) => void at.writeUInt8(0, slot + 11),
    ];
    for (const change of changes)
      for (const back of [64, 96]) {
        const made = image();
        change(recordOf(made, alias) - back, made);
        expect(pathsOf(await read(made))).toContain("FIFTEE~1.TXT");
      }
  });

  it("a long name with half a character is still Unicode text", async () => {
    const found = await damaged((image) => void image.writeUInt16LE(0xd83d, recordOf(image, aliases.a) - 31));
    expect(pathsOf(found)[0]).toBe("\ufffd.TXT");
  });

  it("passes over what is deleted, and ends where a name begins with 0", async () => {
    expect(pathsOf(await damaged((image) => image.writeUInt8(0xe5, recordOf(image, a))))).toEqual([
      "B.TXT",
      "D",
      "D/INNER",
    ]);
    expect(pathsOf(await damaged((image) => image.writeUInt8(0, recordOf(image, b))))).toEqual(["A.TXT"]);
  });

  it.each([
    ["..", "its name would lead elsewhere"],
    ["a/b", "its name would lead elsewhere"],
    ["/etc", "its name would lead elsewhere"],
    ["B.TXT", "its name is there twice"],
  ])("leaves out a file with the name %j", async (name, why) => {
    const found = await damaged((image) => {
      const second = name === "B.TXT" ? b : a;
      const slot = recordOf(image, second) - 32;
      const text = name === "B.TXT" ? "A.TXT" : name;
      image.fill(0, slot + 1, slot + 11);
      image.write(text, slot + 1, 10, "utf16le");
    });
    expect(found.entries).toHaveLength(3);
    expect(found.warnings).toEqual([expect.stringContaining(why)]);
  });

  it("leaves out an alias with a slash, or without a character", async () => {
    for (const bytes of ["A/B", "   "]) {
      const found = await damaged((image) => {
        withoutLongName(image, d);
        image.write(bytes, recordOf(image, d), "latin1");
      });
      expect(pathsOf(found)).toEqual(["A.TXT", "B.TXT"]);
      expect(found.warnings).toEqual([expect.stringContaining("its name would lead elsewhere")]);
    }
  });
});
