// The choice of a slot: what can carry the image, what is free, and what is never touched.
import { describe, expect, test } from "vitest";
import type { Slot } from "../../src/core/driver.ts";
import { MediabayError } from "../../src/core/errors.ts";
import { chooseWay, type WayRequest } from "../../src/gateway/way.ts";

const slot = (id: string, mediaTypes: Slot["mediaTypes"], image?: string): Slot => ({
  id,
  mediaTypes,
  urlCapable: true,
  state: image === undefined ? { inserted: false } : { inserted: true, image },
});
const cd = slot("Cd", ["CD", "DVD"]);
const usb = slot("Usb", ["USBStick", "Floppy"]);
const request = (change: Partial<WayRequest>): WayRequest => ({
  slots: [cd, usb],
  format: "iso9660",
  sizeBytes: 400_000,
  role: "configdrive",
  ours: new Set(),
  force: false,
  ...change,
});
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof MediabayError) return error.code;
    throw error;
  }
  return "none";
};

describe("the way of an image into a machine", () => {
  test("an ISO goes into a disc slot as .iso", () => {
    expect(chooseWay(request({}))).toEqual({ slot: "Cd", mediaType: "CD", extension: "iso", evict: [] });
  });

  test("a FAT image goes into a USB stick slot as .img", () => {
    expect(chooseWay(request({ format: "fat" }))).toEqual({
      slot: "Usb",
      mediaType: "USBStick",
      extension: "img",
      evict: [],
    });
  });

  test("a config drive leaves the first disc slot to a boot image where there is a second one", () => {
    const slots = [slot("1", ["CD", "DVD", "USBStick"]), slot("2", ["CD", "DVD", "USBStick"])];
    expect(chooseWay(request({ slots })).slot).toBe("2");
    expect(chooseWay(request({ slots, role: "boot" })).slot).toBe("1");
  });

  test("an ISO config drive takes the stick slot when the disc slot holds the machine's boot image", () => {
    const taken = [slot("Cd", ["CD"], "http://x/m/boot.iso"), usb];
    expect(chooseWay(request({ slots: taken, ours: new Set(["Cd"]) }))).toMatchObject({
      slot: "Usb",
      mediaType: "USBStick",
      extension: "img",
    });
  });

  test("a slot of another attachment of ours is not taken even with force", () => {
    expect(
      codeOf(() => chooseWay(request({ slots: [slot("Cd", ["CD"], "x")], ours: new Set(["Cd"]), force: true }))),
    ).toBe("SLOT_OCCUPIED");
  });

  test("a foreign medium is replaced with force only", () => {
    const slots = [slot("Cd", ["CD"], "nfs://elsewhere/os.iso")];
    expect(codeOf(() => chooseWay(request({ slots })))).toBe("SLOT_OCCUPIED");
    expect(chooseWay(request({ slots, force: true }))).toMatchObject({ slot: "Cd", evict: ["Cd"] });
  });

  test("a free slot is preferred to an eviction even with force", () => {
    const slots = [slot("Cd1", ["CD"], "nfs://elsewhere/os.iso"), slot("Cd2", ["CD"])];
    expect(chooseWay(request({ slots, force: true }))).toMatchObject({ slot: "Cd2", evict: [] });
  });

  test("a slot that takes no URL is never chosen", () => {
    expect(codeOf(() => chooseWay(request({ slots: [{ ...cd, urlCapable: false }] })))).toBe("UNSUPPORTED_BY_BMC");
  });

  test("a FAT image larger than any floppy is refused by a slot that is only a floppy", () => {
    const slots = [slot("Floppy", ["Floppy"])];
    expect(chooseWay(request({ slots, format: "fat", sizeBytes: 1_474_560 }))).toMatchObject({ mediaType: "Floppy" });
    expect(codeOf(() => chooseWay(request({ slots, format: "fat", sizeBytes: 64 * 1024 * 1024 })))).toBe(
      "UNSUPPORTED_BY_BMC",
    );
  });

  test("a named slot is the only candidate", () => {
    expect(chooseWay(request({ wanted: "Usb" })).slot).toBe("Usb");
    expect(codeOf(() => chooseWay(request({ wanted: "Nowhere" })))).toBe("UNSUPPORTED_BY_BMC");
  });

  test("a remembered slot without a state counts as free", () => {
    expect(chooseWay(request({ slots: [{ id: "Cd", mediaTypes: ["CD"], urlCapable: true }] })).slot).toBe("Cd");
  });

  describe("where the BMC holds one medium at a time", () => {
    const one = { maxConcurrent: 1 };
    const theirs = slot("Cd", ["CD"], "nfs://elsewhere/os.iso");

    test("our other attachment is never replaced, and the reason is said before anything is ejected", () => {
      const taken = request({ slots: [slot("Cd", ["CD"]), usb], ours: new Set(["Cd"]), rules: one, force: true });
      expect(() => chooseWay(taken)).toThrow(
        expect.objectContaining({
          code: "SLOT_OCCUPIED",
          message: expect.stringMatching(/another attachment of this machine\. This BMC holds 1 medium at a time/),
          hint: expect.stringMatching(/^Detach/),
        }),
      );
    });

    test("a foreign medium in another slot is in the way too, and goes with force only", () => {
      expect(codeOf(() => chooseWay(request({ slots: [theirs, usb], rules: one, wanted: "Usb" })))).toBe(
        "SLOT_OCCUPIED",
      );
      expect(chooseWay(request({ slots: [theirs, usb], rules: one, wanted: "Usb", force: true }))).toMatchObject({
        slot: "Usb",
        evict: ["Cd"],
      });
    });

    test("an empty BMC takes it", () => {
      expect(chooseWay(request({ rules: one }))).toMatchObject({ slot: "Cd", evict: [] });
    });
  });

  test("without a limit a foreign medium in another slot is in nobody's way", () => {
    const slots = [slot("Cd1", ["CD"], "nfs://elsewhere/os.iso"), slot("Cd2", ["CD"])];
    expect(chooseWay(request({ slots, rules: {} }))).toMatchObject({ slot: "Cd2", evict: [] });
  });

  test("the order of the slots is kept: the first for a boot image, the second for a config drive", () => {
    const slots = ["EXT2", "EXT1", "EXT3"].map((id) => slot(id, ["CD"]));
    expect(chooseWay(request({ slots, role: "boot" })).slot).toBe("EXT2");
    expect(chooseWay(request({ slots })).slot).toBe("EXT1");
  });

  test("a slot that has refused the image is no candidate any more", () => {
    expect(chooseWay(request({ refused: new Set(["Cd"]) }))).toMatchObject({ slot: "Usb", extension: "img" });
  });

  test("the file name ends as the BMC wants it", () => {
    const extensions = { CD: "img", DVD: "img", USBStick: "iso", Floppy: "iso" } as const;
    expect(chooseWay(request({ rules: { extensions } })).extension).toBe("img");
    expect(chooseWay(request({ rules: { extensions }, format: "fat" })).extension).toBe("iso");
  });

  test("where no slot takes a URL, the profile's hint is told", () => {
    const rules = { noneHint: "Switch the host on." };
    expect(() => chooseWay(request({ slots: [], rules }))).toThrow(expect.objectContaining({ hint: rules.noneHint }));
  });
});

describe("the form in which an image goes in", () => {
  const floppy = slot("Fd", ["Floppy"]);
  const stick = slot("Stick", ["USBStick"]);
  const iso = { format: "iso9660", sizeBytes: 400_000, stored: true } as const;
  const fat = { format: "fat", sizeBytes: 1_474_560, stored: false } as const;

  test("is the one it came in, where a free slot takes that", () => {
    expect(chooseWay(request({ slots: [floppy, cd], forms: [iso, fat] }))).not.toHaveProperty("repack");
  });

  test("is another, where no free slot takes that, and no larger than a floppy is", () => {
    expect(chooseWay(request({ slots: [floppy], forms: [iso, fat] }))).toMatchObject({
      slot: "Fd",
      mediaType: "Floppy",
      extension: "img",
      repack: { format: "fat", mostBytes: 2_949_120 },
    });
  });

  test("is another rather than in somebody else's place, also with force", () => {
    const taken = slot("Cd", ["CD"], "http://x/theirs.iso");
    for (const force of [false, true])
      expect(chooseWay(request({ slots: [taken, floppy], forms: [iso, fat], force }))).toMatchObject({
        slot: "Fd",
        evict: [],
      });
  });

  test("is a smaller one where the BMC takes no larger image", () => {
    const forms = [
      { format: "fat", sizeBytes: 64 << 20, stored: true },
      { format: "fat", sizeBytes: 2 << 20, stored: false },
    ] as const;
    const rules = { maxImageBytes: 3 << 20 };
    const image = { format: "fat", sizeBytes: 64 << 20 } as const;
    expect(chooseWay(request({ ...image, slots: [stick], forms, rules }))).toMatchObject({
      repack: { format: "fat", mostBytes: 3 << 20 },
    });
  });

  test("is the stored one where none is small enough: the driver's refusal names the limit", () => {
    const rules = { maxImageBytes: 1000 };
    expect(chooseWay(request({ forms: [iso, fat], rules }))).not.toHaveProperty("repack");
  });

  test.each([
    ["too large", [iso, { ...fat, sizeBytes: 3 << 20 }], /need 3145728 bytes as FAT/],
    ["without such a form", [iso], /cannot be given as FAT/],
  ] as const)("does not fit a floppy when %s", (_why, forms, message) => {
    const choose = (): unknown => chooseWay(request({ slots: [floppy], forms }));
    expect(choose).toThrow(
      expect.objectContaining({ code: "IMAGE_DOES_NOT_FIT", message: expect.stringMatching(message) }),
    );
  });

  test("that there is not is named with what is in its way", () => {
    const why = 'A FAT image cannot hold "a:b": ":" is not allowed in a name.';
    const choose = (): unknown =>
      chooseWay(request({ slots: [floppy], forms: [iso], unfit: [{ format: "fat", why }] }));
    expect(choose).toThrow(`the files cannot be given as FAT: ${why}`);
  });

  test("is not thought of where the files are not known", () => {
    expect(codeOf(() => chooseWay(request({ slots: [floppy] })))).toBe("UNSUPPORTED_BY_BMC");
  });

  test("of an image to boot from is one that the BMC boots from", () => {
    const bootable = new Set(["CD"] as const);
    expect(codeOf(() => chooseWay(request({ slots: [floppy], forms: [iso, fat], bootable })))).toBe(
      "UNSUPPORTED_BY_BMC",
    );
    expect(chooseWay(request({ slots: [floppy, cd], forms: [iso, fat], bootable })).slot).toBe("Cd");
  });
});
