// The source of config drive JSON keeps what every source promises.
import { describe, expect, it } from "vitest";
import { buildDriveImage } from "../../src/configdrive/build.ts";
import type { DriveRequest } from "../../src/core/configdrive.ts";
import { createConfigdriveSource } from "../../src/images/sources/configdrive.ts";
import { sourceContract } from "../contract/source.ts";

const drive: DriveRequest = {
  content: { meta_data: { uuid: "u" }, user_data: `#!/bin/sh\n${"# hunter2\n".repeat(300_000)}` },
};

sourceContract("configdrive", async () => ({
  scheme: createConfigdriveSource(),
  reference: JSON.stringify(drive),
  bytes: buildDriveImage(drive),
  secret: "hunter2",
  refused: [
    ['{"content": {"user_data": "hunter2"', "INVALID_REQUEST"],
    ['{"content": {"metadata": "hunter2"}}', "INVALID_REQUEST"],
    ['{"content": {"user_data": 4, "meta_data": {"x": "hunter2"}}}', "INVALID_REQUEST"],
    ['{"content": {"network_data": {"x": "hunter2"}}, "layout": "nocloud"}', "INVALID_REQUEST"],
    ['"hunter2"', "INVALID_REQUEST"],
  ],
  missing: ['{"content": hunter2}', "INVALID_REQUEST"],
  close: async () => undefined,
}));

describe("the source configdrive", () => {
  it("has one key for equal requests", () => {
    const { key } = createConfigdriveSource();
    const other = { content: { user_data: drive.content.user_data ?? "", meta_data: { uuid: "u" } } };
    expect(key(JSON.stringify(other))).toBe(key(JSON.stringify(drive)));
    expect(key(JSON.stringify({ ...drive, ec2: true }))).not.toBe(key(JSON.stringify(drive)));
  });

  it("has a key that tells nothing of its content", () => {
    expect(createConfigdriveSource().key(JSON.stringify(drive))).not.toContain("hunter2");
  });
});
