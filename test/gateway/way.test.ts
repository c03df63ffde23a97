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
    expect(chooseWay(request({}))).toEqual({ slot: "Cd", mediaType: "CD", extension: "iso", evict: false });
  });

  test("a FAT image goes into a USB stick slot as .img", () => {
    expect(chooseWay(request({ format: "fat" }))).toEqual({
      slot: "Usb",
      mediaType: "USBStick",
      extension: "img",
      evict: false,
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
    expect(chooseWay(request({ slots, force: true }))).toMatchObject({ slot: "Cd", evict: true });
  });

  test("a free slot is preferred to an eviction even with force", () => {
    const slots = [slot("Cd1", ["CD"], "nfs://elsewhere/os.iso"), slot("Cd2", ["CD"])];
    expect(chooseWay(request({ slots, force: true }))).toMatchObject({ slot: "Cd2", evict: false });
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
});
