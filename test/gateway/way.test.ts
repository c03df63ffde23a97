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
