import { expect, test } from "vitest";
import { parseOrigin } from "../../src/wire/origin.ts";

test.each([
  ["https://bmc.example", { secure: true, host: "bmc.example", port: 443, text: "https://bmc.example" }],
  ["http://10.0.0.5:8000", { secure: false, host: "10.0.0.5", port: 8000, text: "http://10.0.0.5:8000" }],
  ["10.0.0.5", { secure: true, host: "10.0.0.5", port: 443, text: "https://10.0.0.5" }],
  ["bmc:8443", { secure: true, host: "bmc", port: 8443, text: "https://bmc:8443" }],
  ["2001:db8::1", { secure: true, host: "2001:db8::1", port: 443, text: "https://[2001:db8::1]" }],
  ["http://[2001:db8::1]:80/", { secure: false, host: "2001:db8::1", port: 80, text: "http://[2001:db8::1]" }],
])("%s is understood", (address, origin) => {
  expect(parseOrigin(address)).toEqual(origin);
});

test.each([
  "",
  "https://",
  "ftp://bmc",
  "https://user:secret@bmc",
  "https://bmc/redfish/v1",
  "https://bmc?x=1",
  "https://bmc:99999",
])("%s is refused", (address) => {
  expect(() => parseOrigin(address)).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" }));
});

test("a refused address does not repeat its password", () => {
  expect(() => parseOrigin("https://user:secret@bmc")).toThrow(/^(?!.*secret)/);
});
