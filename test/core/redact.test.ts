import { describe, expect, it } from "vitest";
import { redact, redactText } from "../../src/core/redact.ts";

describe("a text that leaves", () => {
  it.each([
    ["data:;base64,SGVsbG8=", "data:******"],
    ["the source data:application/gzip;base64,SGVsbG8+/8= failed", "the source data:****** failed"],
    ["DATA:,user%20data'(x)", "data:******"],
    ['{"uri":"data:text/plain;charset=utf-8,secret"}', '{"uri":"data:******"}'],
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
});

describe("an object that leaves", () => {
  it("shows no secret of a named credential", () => {
    const secrets = ["password", "token", "secret", "secretAccessKey", "sessionToken", "tempUrlKey", "x-auth-token"];
    for (const name of secrets)
      expect(redact({ login: { [name]: "hunter2" } })).toEqual({ login: { [name]: "******" } });
    expect(redact({ accessKeyId: "AKID", username: "us" })).toEqual({ accessKeyId: "AKID", username: "us" });
  });
});
