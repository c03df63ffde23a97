// Settings: defaults, precedence and units.
import { describe, expect, test } from "vitest";
import { findStateDir, loadSettings } from "../../src/settings/load.ts";
import { files, flag, inputs } from "./given.ts";

describe("defaults", () => {
  test("need no file and no environment", () => {
    expect(loadSettings(inputs())).toMatchObject({
      stateDir: "/home/ada/.local/state/mediabay",
      control: { host: "127.0.0.1", port: 8480 },
      imagePlane: {
        http: { enabled: true, host: "0.0.0.0", port: 8481 },
        https: { enabled: false, port: 8482, level: "modern" },
        addressPolicy: "log",
        proxies: [],
      },
      images: { limits: { configdriveBytes: 64 * 1024 ** 2, bootBytes: 16 * 1024 ** 3 }, fileRoots: [] },
      sources: { allow: [], allowOwn: false },
      operations: { concurrency: 64, deadlineMs: 600_000 },
      log: { level: "info" },
      metrics: { public: false },
      keys: {},
    });
  });

  test("for root the state is below /var/lib", () => {
    expect(loadSettings(inputs({ uid: 0 })).stateDir).toBe("/var/lib/mediabay");
  });

  test("the file of the system is read when it is there", () => {
    const readFile = files({ "/etc/mediabay/mediabay.yaml": "log: {level: warn}" });
    expect(loadSettings(inputs({ readFile })).log.level).toBe("warn");
  });

  test.each(["", "# nothing\n", "control:\nimages:\n  limits:\n", "control: {port: }"])(
    "%j changes nothing",
    (yaml) => {
      expect(loadSettings(inputs({ yaml }))).toEqual(loadSettings(inputs()));
    },
  );
});

describe("precedence", () => {
  const yaml = "control: {host: 127.0.0.2, port: 1}\nlog: {level: warn}";
  const env = { MEDIABAY_CONTROL_HOST: "127.0.0.3", MEDIABAY_CONTROL_PORT: "2" };

  test("flags over environment over file over defaults, key by key", () => {
    const settings = loadSettings(inputs({ yaml, env, ...flag("control.port", "3") }));
    expect({ ...settings.control, level: settings.log.level, metrics: settings.metrics.public }).toMatchObject({
      host: "127.0.0.3",
      port: 3,
      level: "warn",
      metrics: false,
    });
  });

  test("the file's name comes from the environment when no flag gives it", () => {
    const readFile = files({ "/a.yaml": "control: {port: 1}", "/b.yaml": "control: {port: 2}" });
    const fromEnv = { readFile, env: { MEDIABAY_CONFIG: "/a.yaml" } };
    expect(loadSettings(inputs(fromEnv)).control.port).toBe(1);
    expect(loadSettings(inputs({ ...fromEnv, flags: { config: "/b.yaml" } })).control.port).toBe(2);
  });
});

describe("values", () => {
  test.each([
    ["images.maxBytes", "1024", 1024],
    ["images.maxBytes", "64MiB", 67_108_864],
    ["images.maxBytes", "1.5 GiB", 1_610_612_736],
    ["images.maxBytes", "2MB", 2_000_000],
    ["operations.deadlineMs", "90000", 90_000],
    ["operations.deadlineMs", "10m", 600_000],
    ["operations.deadlineMs", "1.5h", 5_400_000],
    ["metrics.public", "yes", true],
    ["metrics.public", "0", false],
    ["sources.allow", "192.0.2.0/24, 2001:db8::1", ["192.0.2.0/24", "2001:db8::1/128"]],
    ["images.fileRoots", "", []],
    ["imagePlane.addressPolicy", "enforce", "enforce"],
    ["imagePlane.publicHost", "2001:db8::1", "2001:db8::1"],
  ])("%s takes %j", (path, value, expected) => {
    const settings: unknown = loadSettings(inputs(flag(path, value)));
    const read = path.split(".").reduce((at, name) => (at as Record<string, unknown>)[name], settings);
    expect(read).toEqual(expected);
  });

  test("YAML's own types are taken as they are", () => {
    const settings = loadSettings(
      inputs({
        yaml: "metrics: {public: true}\nimages: {maxBytes: 4096, fileRoots: [/a, /b]}\nimagePlane: {addressPolicy: off}",
      }),
    );
    expect(settings).toMatchObject({
      metrics: { public: true },
      images: { maxBytes: 4096, fileRoots: ["/a", "/b"] },
      imagePlane: { addressPolicy: "off" },
    });
  });
});

describe("the state directory", () => {
  test("is found even where the settings are wrong", () => {
    expect(findStateDir(inputs({ yaml: "stateDir: /srv/m\nnonsense: 1" }))).toBe("/srv/m");
    expect(findStateDir(inputs({ yaml: "stateDir: /srv/m", env: { MEDIABAY_STATE_DIR: "/e" } }))).toBe("/e");
    expect(findStateDir(inputs({ yaml: "stateDir: [" }))).toBe("/home/ada/.local/state/mediabay");
    expect(findStateDir(inputs())).toBe("/home/ada/.local/state/mediabay");
  });
});
