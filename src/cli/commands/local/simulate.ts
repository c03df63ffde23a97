// mediabay simulate FAMILY…
import { type Command, InvalidArgumentError } from "commander";
import { MediabayError } from "../../../core/errors.ts";
import type { Cli, SimulatedBmc } from "../../context.ts";
import { usage } from "../../failure.ts";
import { collect, parseCount } from "../../input/arguments.ts";
import { type EndpointOptions, readCredentials } from "../../input/endpoint.ts";
import { plain, table } from "../../render.ts";

interface SimulateOptions extends Pick<EndpointOptions, "username" | "passwordFile" | "passwordEnv"> {
  readonly list?: boolean;
  readonly count?: number;
  readonly latency?: number;
  readonly fault?: readonly string[];
  readonly host: string;
  readonly port?: number;
  readonly tls?: boolean;
}

const defaultAccount = { username: "admin", password: "simulated" };

const parsePort = (text: string): number => {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) throw new InvalidArgumentError("A port is 1 to 65535.");
  return port;
};

const parseLatency = (text: string): number => {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError("Whole milliseconds are needed.");
  return Number(text);
};

const isLoopback = (host: string): boolean => /^(?:127(?:\.\d+){3}|::1|localhost)$/.test(host);

/** Where the password comes from, for people and scripts: never the password of somebody. */
const passwordSource = ({ passwordFile, passwordEnv }: SimulateOptions): string => {
  if (passwordFile !== undefined) return passwordFile === "-" ? "standard input" : `file ${passwordFile}`;
  return passwordEnv === undefined ? `default ${defaultAccount.password}` : `variable ${passwordEnv}`;
};

const accountOf = async (cli: Cli, options: SimulateOptions): Promise<typeof defaultAccount> => {
  const { passwordFile, passwordEnv, username = defaultAccount.username, host } = options;
  if (passwordFile === undefined && passwordEnv === undefined) {
    if (isLoopback(host)) return { ...defaultAccount, username };
    throw usage("Beyond the loopback a password of your own is needed.", "Use --password-file or --password-env.");
  }
  const given = await readCredentials(cli, {
    username,
    ...(passwordFile === undefined ? {} : { passwordFile }),
    ...(passwordEnv === undefined ? {} : { passwordEnv }),
  });
  return given ?? defaultAccount;
};

const announce = (cli: Cli, bmcs: readonly SimulatedBmc[], username: string, source: string): void => {
  for (const bmc of bmcs) {
    const { url, fixture, fingerprint } = bmc;
    const line = cli.json
      ? JSON.stringify({ ...bmc, username, passwordSource: source })
      : [url, fixture, username, `password: ${source}`, ...(fingerprint === undefined ? [] : [fingerprint])].join("  ");
    cli.io.stdout.write(`${plain(line)}\n`);
  }
  cli.note(`${bmcs.length} simulated ${bmcs.length === 1 ? "BMC is" : "BMCs are"} up; Ctrl-C or SIGTERM ends.`);
};

const simulate = async (cli: Cli, families: readonly string[], options: SimulateOptions): Promise<void> => {
  const { count, latency, fault = [], host, port, tls } = options;
  if (families.length === 0) throw usage("A family is needed, or `all`.", "`mediabay simulate --list` shows them.");
  const account = await accountOf(cli, options);
  try {
    await cli.work.simulate({
      families,
      host,
      tls: tls === true,
      ...account,
      faults: fault,
      ...(count === undefined ? {} : { count }),
      ...(port === undefined ? {} : { port }),
      ...(latency === undefined ? {} : { latencyMs: latency }),
      announce: (bmcs) => announce(cli, bmcs, account.username, passwordSource(options)),
    });
  } catch (error) {
    if (!(error instanceof MediabayError) || error.code !== "INVALID_REQUEST") throw error;
    throw usage(error.message, "`mediabay simulate --help` tells what it takes, `--list` which BMCs there are.");
  }
};

const list = async (cli: Cli): Promise<void> => {
  const fixtures = await cli.work.listSimulated();
  const rows = fixtures.map(({ name, title }) => [name, title]);
  await cli.show(fixtures, table(["family", "what it is known for"], rows, "There is none."));
};

const help = `
FAMILY is a simulated BMC's name (dmtf/two-slot-1.0), its beginning (dmtf/two-slot, dmtf: all that begin so), a folder that
\`mediabay record\` wrote (./DIR), or \`all\`. Each runs on a port of its own, keeps sessions, slots, boot and power, and
really reads what is inserted. One line a BMC is printed once all are up: url, family, user, where the password comes
from, and with https the certificate's SHA-256; with --json one JSON object a line. SIGTERM and Ctrl-C end it with 0.

Faults hit every request of every BMC, or what their options say:
  refuse                connections are refused
  expired-certificate   https with a certificate that ended yesterday
  reset                 the connection is reset; when=before or after it took effect
  lost-reply            the request takes effect, then the connection is reset
  truncate              the reply ends in the middle of its body
  hang                  no reply comes; when=before or after
  busy                  503; retryAfterSeconds=5
  drip                  a reply comes slowly; chunkBytes=16, intervalMs=250
  invalid-json          the body is not JSON
  content-type          the right body under another media type; value=text/plain
  html                  a web server's page; status=500
  huge                  a body of sizeBytes=67108864
  redirect              status=308, location=/elsewhere
  poison                an eject's 204 that spoils the connection
with method=POST, path=REGEX, count=N (so many requests only) and skip=N (after so many), joined by commas:
  --fault busy:retryAfterSeconds=2,path=VirtualMedia,count=3`;

export const define = (command: Command, cli: Cli): void => {
  command
    .argument("[family...]", "which BMCs; see below")
    .option("--list", "list the simulated BMCs and end")
    .option("--count <number>", "how many in all, over the families in turn (default one each)", parseCount)
    .option("--latency <ms>", "every reply takes so many milliseconds longer", parseLatency)
    .option("--fault <kind[:options]>", "what goes wrong; repeatable", collect)
    .option("--host <address>", "where to listen", "127.0.0.1")
    .option("--port <number>", "the first port, the others follow (default free ones)", parsePort)
    .option("--tls", "https with a self-signed certificate")
    .option("--username <name>", `the BMCs' user (default ${defaultAccount.username})`)
    .option(
      "--password-file <file>",
      `file with its password, \`-\` for standard input (default ${defaultAccount.password})`,
    )
    .option("--password-env <variable>", "environment variable with its password")
    .addHelpText("after", help)
    .action((families: readonly string[], options: SimulateOptions) =>
      options.list === true ? list(cli) : simulate(cli, families, options),
    );
};
