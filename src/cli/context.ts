// What main.ts hands to the command line, and what each command is given.
import type { Command } from "commander";
import type { BuiltImage, DriveOrder, ImageInspection, InspectSource } from "../core/configdrive.ts";
import type { Clock, Json } from "../core/driver.ts";

/** Settings on the command line, as the settings' loader takes them. */
export interface SettingFlags {
  readonly config?: string;
  readonly set?: readonly { readonly path: string; readonly value: string; readonly flag: string }[];
}

/** A terminal or a pipe, in or out; `process.stdin` and `process.stdout` are such. */
export interface Input extends AsyncIterable<Uint8Array | string> {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
}

export interface Output {
  readonly isTTY?: boolean;
  write(text: string | Uint8Array): unknown;
}

export interface CliIo {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs `listener` at Ctrl-C instead of ending the process; answers the function that takes it back. */
  onInterrupt(listener: () => void): () => void;
}

/** `S` is the settings' type, which the command line only passes on. */
export interface CliDeps<S> {
  readonly version: string;
  readonly clock: Clock;
  /** Absolute path of main.ts, for the systemd unit. */
  readonly mainPath: string;
  readonly io: CliIo;
  /** @throws MediabayError SETTINGS_INVALID with `context.problems` */
  loadSettings(flags: SettingFlags): S | Promise<S>;
  /** What the settings name is read as at a start, which is not begun. @throws MediabayError SETTINGS_INVALID with `context.problems` */
  checkSettings(settings: S): Promise<void>;
  /** Where the admin token may be found. */
  findStateDir(flags: SettingFlags): string | Promise<string>;
  /** Runs the gateway; resolves once it has stopped. */
  serve(settings: S): Promise<void>;
  demo(options: { readonly keep: boolean; readonly json: boolean }): Promise<void>;
  /** Runs simulated BMCs; resolves once it was told to stop. @throws MediabayError INVALID_REQUEST naming what is wrong, and what there is */
  simulate(options: Simulation): Promise<void>;
  /** The simulated BMCs by name. */
  listSimulated(): Promise<readonly { readonly name: string; readonly title: string }[]>;
  /** Offline, on the state directory. Answers what was done, to be shown. @throws STATE_LOCKED while a gateway runs on it */
  rotateKey(settings: S): Promise<Readonly<Record<string, Json>>>;
  /** The generated CA of the image plane, PEM. @throws NOT_FOUND when there is none */
  imageCa(settings: S): Promise<string>;
  /** What is in an image. @throws MediabayError IMAGE_INVALID, IMAGE_TOO_LARGE, SOURCE_… */
  inspectImage(settings: S, source: InspectSource): Promise<ImageInspection>;
  /** @throws MediabayError INVALID_REQUEST, IMAGE_DOES_NOT_FIT */
  buildDrive(order: DriveOrder): Promise<BuiltImage>;
  /** Holds a profile's file to its form and to the shipped profiles. @throws MediabayError SETTINGS_INVALID with `context.problems` */
  checkProfile(file: string): Promise<CheckedProfile>;
}

export interface Simulation {
  readonly families: readonly string[];
  readonly count?: number;
  readonly host: string;
  readonly port?: number;
  readonly tls: boolean;
  readonly username: string;
  readonly password: string;
  readonly latencyMs?: number;
  readonly faults: readonly string[];
  /** Called once all are up. */
  announce(bmcs: readonly SimulatedBmc[]): void;
}

export interface SimulatedBmc {
  readonly url: string;
  readonly fixture: string;
  /** SHA-256 of its certificate, where it speaks https. */
  readonly fingerprint?: string;
}

/** What a right profile would do. */
export interface CheckedProfile {
  readonly id: string;
  readonly title: string;
  readonly effect: "adds" | "changes";
  readonly rules: readonly string[];
  readonly quirks: number;
}

/** The same, with the settings' type closed over. */
export interface LocalWork
  extends Pick<
    CliDeps<unknown>,
    | "version"
    | "clock"
    | "mainPath"
    | "io"
    | "demo"
    | "simulate"
    | "listSimulated"
    | "findStateDir"
    | "buildDrive"
    | "checkProfile"
  > {
  serve(flags: SettingFlags): Promise<void>;
  check(flags: SettingFlags): Promise<void>;
  rotateKey(flags: SettingFlags): Promise<Readonly<Record<string, Json>>>;
  imageCa(flags: SettingFlags): Promise<string>;
  inspectImage(flags: SettingFlags, source: InspectSource): Promise<ImageInspection>;
}

export const closeOver = <S>(deps: CliDeps<S>): LocalWork => ({
  ...deps,
  serve: async (flags) => deps.serve(await deps.loadSettings(flags)),
  check: async (flags) => deps.checkSettings(await deps.loadSettings(flags)),
  rotateKey: async (flags) => deps.rotateKey(await deps.loadSettings(flags)),
  imageCa: async (flags) => deps.imageCa(await deps.loadSettings(flags)),
  inspectImage: async (flags, source) => deps.inspectImage(await deps.loadSettings(flags), source),
});

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly config?: string;
}

/** What a command works with. */
export interface Cli {
  readonly work: LocalWork;
  readonly io: CliIo;
  readonly program: Command;
  globals(): GlobalOptions;
  readonly json: boolean;
  /** On stdout: the value as JSON with `--json`, else the text. */
  show(value: unknown, text: string | Promise<string>): Promise<void>;
  /** On stderr, never with `--json`. */
  note(text: string): void;
}

export const createContext = (program: Command, work: LocalWork): Cli => {
  const globals = (): GlobalOptions => program.opts<GlobalOptions>();
  const { io } = work;
  return {
    work,
    io,
    program,
    globals,
    get json() {
      return globals().json === true;
    },
    show: async (value, text) => {
      io.stdout.write(globals().json === true ? `${JSON.stringify(value, undefined, 2)}\n` : await text);
    },
    note: (text) => {
      if (globals().json !== true) io.stderr.write(`${text}\n`);
    },
  };
};

/** A command's file: adds its arguments, options and action. Loaded only when that command was asked for. */
export interface CommandModule {
  define(command: Command, cli: Cli): void;
}
