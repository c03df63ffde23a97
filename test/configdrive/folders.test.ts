// Which folder of a config drive is looked at: that which cloud-init reads. It is asked itself in test/peers/cloud-init.test.ts.
import { describe, expect, it } from "vitest";
import { findDrive, viewOfTree } from "../../src/configdrive/look/found-drive.ts";
import { warningsOfTree } from "../../src/configdrive/look/look.ts";
import { folderCases } from "./folder-cases.ts";

describe("a config drive with", () => {
  it.each(folderCases)("%s is looked at as cloud-init reads it", async (_name, tree, userData, path, warnings) => {
    const { folder, userData: found } = await findDrive(viewOfTree(tree));
    expect(folder?.path).toBe(path);
    const shown = found?.toString("utf8");
    expect(shown).toBe(userData ?? shown);
    expect(await warningsOfTree(tree, "config-2")).toEqual(warnings.map((text) => expect.stringMatching(text)));
  });
});
