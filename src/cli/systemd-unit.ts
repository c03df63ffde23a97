// The systemd unit of the gateway, hardened (systemd.exec(5)); `systemd-analyze security` judges it.

export interface UnitPaths {
  readonly nodePath: string;
  readonly mainPath: string;
  readonly configPath?: string;
}

/** systemd.syntax(7): `%` and `$` are specifiers; what is quoted keeps its spaces. */
const quote = (path: string): string =>
  `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%").replaceAll("$", "$$$$")}"`;

const defaultConfigPath = "/etc/mediabay/mediabay.yaml";

/** With `-` before it, a file that is not there is no error: only a configuration that was asked for must exist. */
const header = (configPath: string | undefined): readonly string[] => [
  "# mediabay.service: install as /etc/systemd/system/mediabay.service, then once:",
  "#   install -d -m 0755 /etc/mediabay",
  "#   (umask 077; head -c 32 /dev/urandom | base64 > /etc/mediabay/mediabay.key)",
  "#   systemctl daemon-reload && systemctl enable --now mediabay",
  `# Settings: ${configPath ?? `${defaultConfigPath} (need not exist)`}. Files named there must be readable by the unit's own user.`,
];

const hardening: readonly string[] = [
  "# What it may do: listen on ports above 1023, reach BMCs and image origins, write below its state directory. Nothing else.",
  "DynamicUser=yes",
  "StateDirectory=mediabay",
  "StateDirectoryMode=0700",
  "UMask=0077",
  "NoNewPrivileges=yes",
  "CapabilityBoundingSet=",
  "AmbientCapabilities=",
  "ProtectSystem=strict",
  "ProtectHome=HOME_MODE",
  "PrivateTmp=yes",
  "PrivateDevices=yes",
  "PrivateUsers=yes",
  "ProtectClock=yes",
  "ProtectControlGroups=yes",
  "ProtectHostname=yes",
  "ProtectKernelLogs=yes",
  "ProtectKernelModules=yes",
  "ProtectKernelTunables=yes",
  "ProtectProc=invisible",
  "RemoveIPC=yes",
  "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
  "RestrictNamespaces=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "LockPersonality=yes",
  "# V8 compiles to memory that it then executes.",
  "MemoryDenyWriteExecute=no",
  "SystemCallArchitectures=native",
  "SystemCallFilter=@system-service",
  "SystemCallFilter=~@privileged @resources",
  "SystemCallErrorNumber=EPERM",
];

/** A program below /home or /root can only be started if the unit may read there. */
const homeMode = ({ nodePath, mainPath }: UnitPaths): string =>
  [nodePath, mainPath].some((path) => /^\/(home|root|run\/user)\//.test(path)) ? "read-only" : "yes";

/** The first path that the unit's user cannot read: such folders are closed to it, or its own `/tmp` lies over them. */
export const hiddenPath = ({ nodePath, mainPath }: UnitPaths): string | undefined =>
  [mainPath, nodePath].find((path) => /^\/(root|home|tmp|var\/tmp|run\/user)\//.test(path));

export const systemdUnit = (paths: UnitPaths): string => {
  const { nodePath, mainPath, configPath } = paths;
  const config = configPath === undefined ? "" : ` --config ${quote(configPath)}`;
  return [
    ...header(configPath),
    "",
    "[Unit]",
    "Description=Mediabay, virtual media for bare-metal machines",
    "Documentation=man:systemd.exec(5)",
    "After=network-online.target",
    "Wants=network-online.target",
    "",
    "[Service]",
    "Type=exec",
    `ExecStart=${quote(nodePath)} ${quote(mainPath)} serve${config}`,
    "Environment=NODE_ENV=production",
    "Environment=MEDIABAY_STATE_DIR=%S/mediabay",
    "# Compiled code outlives a restart, where only this unit can write.",
    "CacheDirectory=mediabay",
    "Environment=NODE_COMPILE_CACHE=%C/mediabay",
    "# The key that seals BMC credentials reaches the process as a credential, never as a file that its user could read later.",
    "LoadCredential=mediabay.key:/etc/mediabay/mediabay.key",
    "Environment=MEDIABAY_KEYS_CREDENTIAL=mediabay.key",
    "Restart=on-failure",
    "RestartSec=2s",
    "# Running requests to BMCs may finish; operations go on after the next start.",
    "TimeoutStopSec=30s",
    "KillSignal=SIGTERM",
    "LimitNOFILE=65536",
    "",
    ...hardening.map((line) => line.replace("HOME_MODE", homeMode(paths))),
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");
};
