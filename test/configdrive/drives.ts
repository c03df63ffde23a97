// Config drives for the tests of this folder.
import type { DriveContent } from "../../src/core/configdrive.ts";
import type { Tree } from "../../src/configdrive/tree.ts";

export const userDataText = "#cloud-config\npassword: user-canary\n";

export const fullContent: DriveContent = {
  meta_data: {
    uuid: "5a2f9b1e-0000-4000-8000-000000000001",
    name: "node-7",
    hostname: "node-7.example",
    availability_zone: "az-1",
    public_keys: {
      first: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHGkNoP0m0aRkl0mN0cAmUqU0v6u9vWQ8m1b1tq0d5Xk person@example",
    },
    admin_pass: "admin-canary",
  },
  network_data: {
    links: [{ id: "l0", type: "phy", ethernet_mac_address: "52:54:00:AA:BB:01" }],
    networks: [{ id: "n0", type: "ipv4_dhcp", link: "l0" }],
    services: [{ type: "dns", address: "192.0.2.53" }],
  },
  user_data: userDataText,
  vendor_data: { "cloud-init": "#cloud-config\nruncmd: [vendor-canary]\n" },
};

/** With a network configuration in place of OpenStack's network_data. */
export const nocloudContent: DriveContent = {
  ...fullContent,
  network_data: {
    version: 2,
    ethernets: { one: { match: { macaddress: "52:54:00:AA:BB:02" }, dhcp4: true } },
  },
};

/** Files by their paths, as text. */
export const texts = (tree: Tree): Readonly<Record<string, string>> =>
  Object.fromEntries(
    tree.flatMap((entry) => (entry.kind === "file" ? [[entry.path, Buffer.from(entry.bytes).toString("utf8")]] : [])),
  );

export const refusalOf = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
};
