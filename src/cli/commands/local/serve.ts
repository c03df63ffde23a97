// mediabay serve
import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { Cli, SettingFlags } from "../../context.ts";
import { systemdUnit } from "../../systemd-unit.ts";

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
        const { mainPath } = cli.work;
        const unit = systemdUnit({
          nodePath: process.execPath,
          mainPath,
          ...(flags.config === undefined ? {} : { configPath: resolve(flags.config) }),
        });
        return cli.show({ unit }, unit);
      }
      if (options.check !== true) return cli.work.serve(flags);
      await cli.work.check(flags);
      await cli.show({ ok: true }, "The settings are right.\n");
    });
};
