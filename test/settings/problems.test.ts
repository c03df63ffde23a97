// A named problem for each bad value, all of them at once.
import { describe, expect, test } from "vitest";
import { flag, inputs, problemsOf, refusalOf } from "./given.ts";

describe("a bad value", () => {
  test.each([
    ["control.port", "70000", "must be a whole number between 0 and 65535"],
    ["control.port", "-1", "must be a whole number between 0 and 65535"],
    ["control.port", "http", "must be a whole number between 0 and 65535"],
    ["control.host", "http://x", "must be a host name or an IP address, without scheme, port or brackets"],
    ["stateDir", "var", "must be an absolute path, beginning with `/`"],
    ["stateDir", "", "must be the path of a folder"],
    ["imagePlane.http.enabled", "maybe", "must be true or false"],
    ["imagePlane.https.level", "old", "must be one of modern, legacy"],
    ["imagePlane.addressPolicy", "block", "must be one of off, log, enforce"],
    ["imagePlane.publicPort", "0", "must be a whole number between 1 and 65535"],
    [
      "imagePlane.proxies",
      "192.0.2.0/33",
      "entry 1 must be an address or a network such as `192.0.2.0/24` or `2001:db8::/32`",
    ],
    [
      "sources.allow",
      "10.0.0.0/8,all",
      "entry 2 must be an address or a network such as `192.0.2.0/24` or `2001:db8::/32`",
    ],
    ["images.limits.configdriveBytes", "64MeB", "must be a size such as `64MiB` or `16GiB`"],
    ["images.maxBytes", "0", "must be at least 1"],
    ["images.fileRoots", "/a,b", "entry 2 must be an absolute path, beginning with `/`"],
    ["operations.concurrency", "0", "must be a whole number between 1 and 10000"],
    ["operations.deadlineMs", "soon", "must be a duration such as `30s`, `10m` or `1h`"],
    ["operations.deadlineMs", "10ms", "must be at least 1000"],
    ["log.level", "loud", "must be one of debug, info, warn, error, silent"],
    ["keys.file", "key", "must be an absolute path, beginning with `/`"],
    [
      "keys.env",
      "c2VjcmV0",
      "must be the name of an environment variable (capitals, digits, `_`), never the key itself",
    ],
    ["keys.credential", "a/b", "must be the name of a systemd credential, never the key itself"],
    ["nonsense", "1", "is not a setting of Mediabay"],
    ["control.ports", "1", "is not a setting of Mediabay"],
    ["control", "1", "is not a setting of Mediabay"],
  ])("%s = %j is named with where it came from", (path, value, problem) => {
    expect(problemsOf(inputs(flag(path, value)))).toEqual([{ key: path, from: `flag --set ${path}`, problem }]);
  });

  test("in the file is named with its path and the file", () => {
    const yaml = "control: {port: true, colour: blue}\nimages: 5\nlogs: {}\nsources: {allow: 7.5}";
    expect(problemsOf(inputs({ yaml }))).toEqual([
      { key: "control.port", from: "file /m.yaml", problem: "must be a whole number between 0 and 65535" },
      { key: "control.colour", from: "file /m.yaml", problem: "is not a setting of Mediabay" },
      { key: "images", from: "file /m.yaml", problem: "must be a section with keys of its own" },
      {
        key: "sources.allow",
        from: "file /m.yaml",
        problem: expect.stringContaining("entry 1 must be an address") as string,
      },
      { key: "logs", from: "file /m.yaml", problem: "is not a setting of Mediabay" },
    ]);
  });

  test("in the environment is named with its variable", () => {
    expect(problemsOf(inputs({ env: { MEDIABAY_CONTROL_PORT: "x", MEDIABAY_CONTROLPORT: "1" } }))).toEqual([
      {
        key: "MEDIABAY_CONTROLPORT",
        from: "environment MEDIABAY_CONTROLPORT",
        problem: "is not a setting of Mediabay",
      },
      {
        key: "control.port",
        from: "environment MEDIABAY_CONTROL_PORT",
        problem: "must be a whole number between 0 and 65535",
      },
    ]);
  });

  test("that names a file which cannot be read is named", () => {
    expect(problemsOf(inputs({ yaml: "control: {tls: {cert: /nonexistent/c, key: /denied/k}}" }))).toEqual([
      { key: "control.tls.cert", from: "file /m.yaml", problem: "names a file that cannot be read (ENOENT)" },
      { key: "control.tls.key", from: "file /m.yaml", problem: "names a file that cannot be read (EACCES)" },
    ]);
  });

  test("is never repeated: it may be a secret in the wrong place", () => {
    const secret = "c4nary";
    const env = {
      MEDIABAY_KEY_FILE: secret,
      MEDIABAY_KEYS_ENV: secret,
      MEDIABAY_CONTROL_PORT: secret,
      MEDIABAY_SOURCES_ALLOW: secret,
    };
    const given = inputs({ env, yaml: `keys: ${secret}\nstateDir: ${secret}\npassword: ${secret}` });
    expect(problemsOf(given).length).toBeGreaterThan(5);
    expect(JSON.stringify([refusalOf(given), refusalOf(given)?.message])).not.toContain(secret);
  });

  test("a file that is not there, not readable, or no YAML is named", () => {
    expect(problemsOf(inputs({ flags: { config: "/x.yaml" } }))).toEqual([
      { key: "(whole file)", from: "file /x.yaml", problem: "cannot be read (ENOENT)" },
    ]);
    expect(problemsOf(inputs({ flags: { config: "/denied.yaml" } }))[0]?.problem).toBe("cannot be read (EACCES)");
    expect(problemsOf(inputs({ yaml: "a: [" }))[0]?.problem).toMatch(/^is not YAML: /);
    expect(problemsOf(inputs({ yaml: "control: {port: 1}\ncontrol: {port: 2}" }))[0]?.problem).toMatch(
      /^is not YAML: /,
    );
    expect(problemsOf(inputs({ yaml: "- a\n- b" }))[0]?.problem).toBe("must be a mapping of sections and keys");
    expect(problemsOf(inputs({ yaml: "a: *nothing" }))[0]?.problem).toMatch(/^is not YAML: /);
  });
});

describe("values that contradict each other", () => {
  test.each([
    ["control: {tls: {cert: /m.yaml}}", "control.tls.cert", "needs control.tls.key beside it"],
    ["imagePlane: {https: {key: /m.yaml}}", "imagePlane.https.key", "needs imagePlane.https.cert beside it"],
    [
      "imagePlane: {http: {enabled: false}}",
      "imagePlane.http.enabled",
      "leaves no image plane; enable http, https or both",
    ],
    ["control: {port: 8481}", "imagePlane.http.port", "is already control.port"],
    ["keys: {env: A, credential: b}", "keys.credential", "excludes keys.env; give one of them"],
  ])("%s", (yaml, key, problem) => {
    expect(problemsOf(inputs({ yaml }))).toEqual([{ key, from: expect.any(String) as string, problem }]);
  });

  test("ports chosen by the system never collide", () => {
    const yaml = "control: {port: 0}\nimagePlane: {http: {port: 0}, https: {enabled: true, port: 0}}";
    expect(problemsOf(inputs({ yaml }))).toEqual([]);
  });
});

test("variables of the command line, of Kubernetes and of the key are no settings", () => {
  const env = {
    MEDIABAY_URL: "x",
    MEDIABAY_TOKEN: "x",
    MEDIABAY_SERVICE_HOST: "x",
    MEDIABAY_SERVICE_PORT_HTTP: "x",
    MEDIABAY_PORT: "tcp://x",
    MEDIABAY_PORT_8480_TCP_ADDR: "x",
    MEDIABAY_SEAL: "x",
    MEDIABAY_KEYS_ENV: "MEDIABAY_SEAL",
    PATH: "/bin",
  };
  expect(problemsOf(inputs({ env }))).toEqual([]);
});
