// Config drives with several folders in `openstack/`: which user data cloud-init reads, and what is said of them.
import type { Tree, TreeEntry } from "../../src/configdrive/tree.ts";

const file = (path: string, text: string): TreeEntry => ({
  kind: "file",
  path: `openstack/${path}`,
  bytes: Buffer.from(text),
});

const metaOf = (more: object): string => JSON.stringify({ uuid: "u", name: "n", ...more });

/** User data that tells which folder it is from. */
const version = (name: string, more: object = {}, userData = `#cloud-config\n# ${name}\n`): Tree => [
  file(`${name}/meta_data.json`, metaOf(more)),
  file(`${name}/user_data`, userData),
];
const same = "#cloud-config\n";

/** `userData`: null where cloud-init takes nothing from the drive. `path`: of the folder that is looked at. */
export const folderCases: readonly (readonly [
  name: string,
  tree: Tree,
  userData: string | null,
  path: string,
  warnings: readonly RegExp[],
])[] = [
  ["latest alone", version("latest"), "#cloud-config\n# latest\n", "openstack/latest", []],
  [
    "a stale dated folder beside latest",
    [...version("2012-08-10"), ...version("2018-08-27", { hostname: "old" }), ...version("latest")],
    "#cloud-config\n# 2018-08-27\n",
    "openstack/2018-08-27",
    [/reads openstack\/2018-08-27, not openstack\/latest .* differ in meta_data\.json and user_data\.$/],
  ],
  [
    "a dated folder whose user data is empty",
    [...version("latest"), file("2018-08-27/meta_data.json", metaOf({})), file("2018-08-27/user_data", "")],
    "",
    "openstack/2018-08-27",
    [/differ in user_data\.$/],
  ],
  [
    "public keys in latest alone",
    [...version("2018-08-27", {}, same), ...version("latest", { public_keys: { a: "b" } }, same)],
    same,
    "openstack/2018-08-27",
    [/differ in meta_data\.json\.$/],
  ],
  [
    "folders as Nova makes them",
    [
      ...version("2012-08-10", {}, same),
      ...version("2018-08-27", { random_seed: "AAAA", devices: [] }, same),
      ...version("2020-10-14", { random_seed: "BBBB", devices: [], dedicated_cpus: [] }, same),
      ...version("latest", { random_seed: "CCCC", devices: [], dedicated_cpus: [] }, same),
    ],
    same,
    "openstack/2018-08-27",
    [],
  ],
  [
    "a dated folder alone",
    version("2018-08-27"),
    "#cloud-config\n# 2018-08-27\n",
    "openstack/2018-08-27",
    [/^There is no openstack\/latest\/meta_data\.json: cloud-init reads openstack\/2018-08-27, but others/],
  ],
  [
    "a version alone that cloud-init does not know",
    version("2020-10-14"),
    null,
    "openstack/2020-10-14",
    [/would read openstack\/latest, which has no meta_data\.json/],
  ],
  [
    "an empty dated folder beside latest",
    [{ kind: "directory", path: "openstack/2015-10-15" }, ...version("latest")],
    null,
    "openstack/latest",
    [/would read openstack\/2015-10-15, which has no meta_data\.json/],
  ],
];
