import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { missingEntries } from "./complete-lock.ts";

test("the lock file holds the packages of every platform, so that npm ci takes it", () => {
  const lock = JSON.parse(readFileSync(join(import.meta.dirname, "..", "..", "package-lock.json"), "utf8"));
  expect(Object.keys(missingEntries(lock.packages))).toEqual([]);
});

test("what a mirror did not have is added for its platform", () => {
  const packages = {
    "node_modules/tool": {
      dev: true,
      optionalDependencies: { "@tool/binding-linux-x64-musl": "1.2.3", "@tool/binding-win32-arm64-msvc": "1.2.3" },
    },
    "node_modules/tool/node_modules/@tool/binding-linux-x64-musl": {},
  };
  expect(missingEntries(packages)).toEqual({
    "node_modules/@tool/binding-win32-arm64-msvc": {
      version: "1.2.3",
      cpu: ["arm64"],
      dev: true,
      optional: true,
      os: ["win32"],
    },
  });
  const musl = { "node_modules/tool": { optionalDependencies: { "@tool/cli-linux-x64-musl": "1.2.3" } } };
  expect(missingEntries(musl)).toMatchObject({ "node_modules/@tool/cli-linux-x64-musl": { libc: ["musl"] } });
});

test("a package that is missing for another reason is not invented", () => {
  const lacking = (name: string, version: string) => () =>
    missingEntries({ "": { optionalDependencies: { [name]: version } } });
  expect(lacking("fast-thing", "1.0.0")).toThrow(/does not tell its platform/u);
  expect(lacking("@tool/linux-x64", "^1.0.0")).toThrow(/not of one version/u);
});
