// The settings files of a Swift with one device and one replica, of its two proxies and of a Keystone, all under one folder and on loopback.
import { execFile } from "node:child_process";
import { access, mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export const swiftPorts = ["account", "container", "object", "proxy", "s3", "keystone", "memcached"] as const;
export type SwiftPorts = Readonly<Record<(typeof swiftPorts)[number], number>>;

export interface SwiftPlace {
  readonly folder: string;
  readonly ports: SwiftPorts;
  /** Where the daemons log to, by UDP: their own output stays empty. */
  readonly logPort: number;
  readonly adminPassword: string;
}

const run = promisify(execFile);
const { username } = userInfo();
/** Read from here whatever `swift_dir` says. */
const hashFile = "/etc/swift/swift.conf";
const hashSettings =
  "[swift-hash]\nswift_hash_path_suffix = changeme\nswift_hash_path_prefix = changeme\n[storage-policy:0]\nname = Policy-0\ndefault = yes\n";

const storageKinds = ["account", "container", "object"] as const;

const common = ({ folder, logPort }: SwiftPlace, port: number): string => `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = ${username}
swift_dir = ${folder}/etc
devices = ${folder}/srv
mount_check = false
log_udp_host = 127.0.0.1
log_udp_port = ${logPort}
`;

const storage = (place: SwiftPlace, kind: (typeof storageKinds)[number]): string => `${common(place, place.ports[kind])}
[pipeline:main]
pipeline = healthcheck recon ${kind}-server
[app:${kind}-server]
use = egg:swift#${kind}
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:recon]
use = egg:swift#recon
recon_cache_path = ${place.folder}/recon
`;

const filters = ({ ports }: SwiftPlace): string =>
  [
    ...["catch_errors", "gatekeeper", "healthcheck", "tempurl", "s3api", "copy", "slo", "dlo", "keystoneauth"].map(
      (name) => `[filter:${name}]\nuse = egg:swift#${name}`,
    ),
    "operator_roles = admin, member",
    `[filter:cache]\nuse = egg:swift#memcache\nmemcache_servers = 127.0.0.1:${ports.memcached}`,
    "[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true",
  ].join("\n");

const keystoneProxy = (place: SwiftPlace): string => `${common(place, place.ports.proxy)}
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache tempurl authtoken keystoneauth copy slo dlo proxy-server
${filters(place)}
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = http://127.0.0.1:${place.ports.keystone}/v3
auth_url = http://127.0.0.1:${place.ports.keystone}/v3
auth_type = password
username = admin
password = ${place.adminPassword}
project_name = admin
user_domain_name = Default
project_domain_name = Default
interface = public
delay_auth_decision = True
# Each token is asked about anew: a revoked one is refused at once.
token_cache_time = -1
`;

const s3Proxy = (place: SwiftPlace): string => `${common(place, place.ports.s3)}
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache s3api tempauth copy slo dlo proxy-server
${filters(place).replace("use = egg:swift#s3api", "use = egg:swift#s3api\ns3_acl = no")}
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
`;

const keystone = ({ folder }: SwiftPlace): string => `[DEFAULT]
log_file = ${folder}/keystone.log
[database]
connection = sqlite:///${folder}/keystone.db
[token]
provider = fernet
[fernet_tokens]
key_repository = ${folder}/fernet
[credential]
key_repository = ${folder}/credential
`;

export const storageFile = (folder: string, name: string): string => join(folder, "etc", `${name}.conf`);

const makeRing = async ({ folder, ports }: SwiftPlace, kind: (typeof storageKinds)[number]): Promise<void> => {
  const builder = join(folder, "etc", `${kind}.builder`);
  const ring = (...words: readonly string[]) => run("swift-ring-builder", [builder, ...words]);
  await ring("create", "8", "1", "1");
  await ring("add", `r1z1-127.0.0.1:${ports[kind]}/sdb1`, "1");
  // It ends with 1, a warning, when there is nothing to balance; a ring that is missing fails the start.
  await ring("rebalance");
};

/** Another's file at that place is left alone. */
const ensureHashFile = async (): Promise<void> => {
  try {
    await access(hashFile);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    await mkdir("/etc/swift", { recursive: true });
    await writeFile(hashFile, hashSettings);
  }
};

export const writeSwift = async (place: SwiftPlace): Promise<void> => {
  const { folder } = place;
  for (const name of ["etc", "srv/sdb1", "recon"]) await mkdir(join(folder, name), { recursive: true });
  await ensureHashFile();
  for (const kind of storageKinds) await writeFile(storageFile(folder, kind), storage(place, kind));
  await writeFile(storageFile(folder, "proxy"), keystoneProxy(place));
  await writeFile(storageFile(folder, "s3"), s3Proxy(place));
  await Promise.all(storageKinds.map((kind) => makeRing(place, kind)));
};

export const makeKeystone = async (place: SwiftPlace): Promise<void> => {
  const { folder, ports } = place;
  const file = join(folder, "keystone.conf");
  await writeFile(file, keystone(place));
  const manage = (...words: readonly string[]) => run("keystone-manage", ["--config-file", file, ...words]);
  const user = ["--keystone-user", username, "--keystone-group", username];
  await manage("db_sync");
  await Promise.all([manage("fernet_setup", ...user), manage("credential_setup", ...user)]);
  const url = `http://127.0.0.1:${ports.keystone}/v3`;
  const admin = ["--bootstrap-password", place.adminPassword];
  await manage("bootstrap", ...admin, "--bootstrap-public-url", url, "--bootstrap-region-id", "R1");
};
