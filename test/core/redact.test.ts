import { describe, expect, it } from "vitest";
import { redact, redactText } from "../../src/core/redact.ts";

describe("a text that leaves", () => {
  it.each([
    ["data:;base64,SGVsbG8=", "data:******"],
    ["the source data:application/gzip;base64,SGVsbG8+/8= failed", "the source data:****** failed"],
    ["DATA:,user%20data'(x)", "data:******"],
    ['{"uri":"data:text/plain;charset=utf-8,secret"}', '{"uri":"data:******"}'],
    ["data:application/x-iso;name=config%202.iso;base64,U0VDUkVU", "data:******"],
    ['the source data:;charset="utf-8";base64,U0VDUkVU failed', "the source data:****** failed"],
    ["Data:text/plain; base64,U0VDUkVU", "data:******"],
    ["data:x(1);,SECRET, data:a\n;b,SECRET", "data:****** data:******"],
    ["data: a, b data:;base64,U0VDUkVU", "data: a, b data:******"],
    ["data:,data:,SECRET", "data:******"],
    ["the data: first, then the rest", "the data: first, then the rest"],
    ["openstack/latest/user_data:, x", "openstack/latest/user_data:, x"],
    ["swift://container/a%20b/c.iso", "swift://container/a%20b/c.iso"],
    [
      "https://u:p@swift.test/v1/a/c/o?temp_url_sig=abc&temp_url_expires=1",
      "https://******@swift.test/v1/a/c/o?******",
    ],
  ])("%s is seen as %s", (text, seen) => {
    expect(redactText(text)).toBe(seen);
  });

  it.each([
    ["data: without a comma", "data:".repeat(200_000)],
    ["data: before one comma that ends none", `${"data: ".repeat(200_000)}, x`],
    ["a media type without end", `data:${"x".repeat(1_000_000)}`],
    ["words that could each begin a scheme", "a.".repeat(500_000)],
    ["commas without data", "data:, ".repeat(150_000)],
  ])("is soon looked through: %s", (_what, text) => {
    const before = performance.now();
    expect(redactText(text)).toBe(text);
    expect(performance.now() - before).toBeLessThan(2000);
  });
});

describe("an object that leaves", () => {
  it("shows no secret of a named credential", () => {
    const secrets = ["password", "token", "secret", "secretAccessKey", "sessionToken", "tempUrlKey", "x-auth-token"];
    for (const name of secrets)
      expect(redact({ login: { [name]: "hunter2" } })).toEqual({ login: { [name]: "******" } });
    expect(redact({ accessKeyId: "AKID", username: "us" })).toEqual({ accessKeyId: "AKID", username: "us" });
  });
});
