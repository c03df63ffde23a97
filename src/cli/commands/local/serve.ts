// mediabay serve
import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { Cli, SettingFlags } from "../../context.ts";
import { hiddenPath, systemdUnit, type UnitPaths } from "../../systemd-unit.ts";

type Setting = NonNullable<SettingFlags["set"]>[number];

interface ServeOptions {
  readonly check?: boolean;
  readonly printUnit?: boolean;
  readonly stateDir?: string;
  readonly host?: string;
  readonly port?: string;
  readonly set?: readonly Setting[];
}

const collectSetting = (text: string, earlier: readonly Setting[] = []): readonly Setting[] => {
  const [, path, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (path === undefined || value === undefined) throw new InvalidArgumentError("A setting is key.path=value.");
  return [...earlier, { path, value, flag: `--set ${path}` }];
};

const flagsOf = (cli: Cli, { stateDir, host, port, set = [] }: ServeOptions): SettingFlags => {
  const { config } = cli.globals();
  const named: readonly Setting[] = [
    ...(stateDir === undefined ? [] : [{ path: "stateDir", value: resolve(stateDir), flag: "--state-dir" }]),
    ...(host === undefined ? [] : [{ path: "control.host", value: host, flag: "--host" }]),
    ...(port === undefined ? [] : [{ path: "control.port", value: port, flag: "--port" }]),
  ];
  return { ...(config === undefined ? {} : { config }), set: [...set, ...named] };
};

const printUnit = async (cli: Cli, config: Pick<UnitPaths, "configPath">): Promise<void> => {
  const paths: UnitPaths = { nodePath: process.execPath, mainPath: cli.work.mainPath, ...config };
  const hidden = hiddenPath(paths);
  if (hidden !== undefined) cli.note(`warning: the unit's user cannot read ${hidden} there; install it under /opt.`);
  const unit = systemdUnit(paths);
  await cli.show({ unit }, unit);
};

export const define = (command: Command, cli: Cli): void => {
  command
    .option("--check", "check the settings and end: exit code 0, or 78 with every problem")
    .option("--print-unit", "print a hardened systemd unit and end")
    .option("--state-dir <folder>", "setting stateDir")
    .option("--host <host>", "setting control.host")
    .option("--port <port>", "setting control.port")
    .option("--set <key=value>", "any setting; repeatable, over file and environment", collectSetting)
    .action(async (options: ServeOptions) => {
      const flags = flagsOf(cli, options);
      if (options.printUnit === true) {
        const { config } = flags;
        return printUnit(cli, config === undefined ? {} : { configPath: resolve(config) });
      }
      if (options.check !== true) return cli.work.serve(flags);
      await cli.work.check(flags);
      await cli.show({ ok: true }, "The settings are right.\n");
    });
};
