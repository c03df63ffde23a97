// The Debian packages that the tests and the benchmarks need: says which are missing, and installs them where it may.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";

export const debianPackages = [
  "cloud-init",
  "curl",
  "dosfstools",
  "genisoimage",
  "keystone",
  "libarchive-tools",
  "libnbd-bin",
  "memcached",
  "mtools",
  "nbdkit",
  "nginx-light",
  "openssl",
  "p7zip-full",
  "python3-requests",
  "python3-swiftclient",
  "python3-venv",
  "qemu-block-extra",
  "qemu-utils",
  "swift-account",
  "swift-container",
  "swift-object",
  "swift-proxy",
  "wrk",
  "xorriso",
] as const;

/** Undefined where there is no dpkg to ask. */
export const missingPackages = (): readonly string[] | undefined => {
  // dpkg-query fails when it does not know one of them, and still answers for the others.
  const asked = ["-W", "-f", "${Package} ${db:Status-Status}\n", ...debianPackages];
  const { stdout, error } = spawnSync("dpkg-query", asked, { encoding: "utf8" });
  if (error !== undefined) return undefined;
  const installed = new Set(
    stdout
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  return debianPackages.filter((name) => !installed.has(name));
};

const policyFile = "/usr/sbin/policy-rc.d";

/** Debian starts a server when it is installed; a policy of 101 forbids that. Ours is removed again; another's is left alone. */
const withoutStartingServices = (install: () => void): void => {
  const isOurs = !existsSync(policyFile);
  if (isOurs) writeFileSync(policyFile, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    install();
  } finally {
    if (isOurs) rmSync(policyFile);
  }
};

const aptGet = (...words: readonly string[]): boolean => {
  const options = ["-q", "-y", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=300"];
  const { status } = spawnSync("apt-get", [...options, ...words], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  return status === 0;
};

const aptKnows = (name: string): boolean =>
  spawnSync("apt-cache", ["show", "--no-all-versions", name], { stdio: "ignore" }).status === 0;

/** Needs root. The package lists are fetched only when they lack a package, or are too old to install from. */
export const installPackages = (names: readonly string[]): void => {
  const install = (): boolean => aptGet("install", "--no-install-recommends", ...names);
  withoutStartingServices(() => {
    if (!(names.every(aptKnows) && install()) && aptGet("update")) install();
  });
};
