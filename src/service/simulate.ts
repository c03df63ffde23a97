// `mediabay simulate`: simulated BMCs in the foreground until it is told to stop, for other people's tests. Needs no gateway.
import { X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import { MediabayError } from "../core/errors.ts";
import {
  FaultTextError,
  listFixtures,
  parseFault,
  type SimulatedFleet,
  startFleet,
  type TlsOptions,
} from "../simulators/redfish/index.ts";
import { selfSigned } from "../simulators/self-signed.ts";
import { untilSignalled } from "./stop-signal.ts";

export interface SimulateOptions {
  /** Names of fixtures, their beginnings, folders (`./…`, `/…`), or `all`. */
  readonly families: readonly string[];
  /** Over the families in turn; one each when absent. */
  readonly count?: number;
  readonly host: string;
  /** The others follow it; without it each takes a free one. */
  readonly port?: number;
  readonly tls: boolean;
  readonly username: string;
  readonly password: string;
  readonly latencyMs?: number;
  /** `NAME[:option=value,…]` */
  readonly faults: readonly string[];
  /** Called once all are up. */
  announce(bmcs: readonly AnnouncedBmc[]): void;
}

export interface AnnouncedBmc {
  readonly url: string;
  readonly fixture: string;
  /** SHA-256 of its certificate, where it speaks https. */
  readonly fingerprint?: string;
}

export const simulateUntilStopped = (options: SimulateOptions): Promise<void> =>
  untilSignalled(async (stopped) => {
    const fixtures = await fixturesOf(options.families);
    const written = options.faults.map(faultOf);
    const has = (name: string): boolean => written.some((each) => each.name === name);
    const certificate = options.tls || has("expired-certificate") ? certificateFor(options, has) : undefined;
    const fleet = await begin(options, fixtures, certificate);
    // Where connections are refused nothing else keeps the process alive.
    const alive = setInterval(() => undefined, 60_000);
    try {
      for (const { simulator } of fleet.machines) {
        for (const { fault } of written) if (fault !== undefined) simulator.setFault(fault);
        if (has("refuse")) simulator.refuseConnections();
      }
      options.announce(announced(fleet, certificate));
      await stopped;
    } finally {
      clearInterval(alive);
      await fleet.close();
    }
  });

const isFolder = (family: string): boolean => /^\.{0,2}\//u.test(family);

/** @throws MediabayError INVALID_REQUEST listing what there is */
const fixturesOf = async (families: readonly string[]): Promise<readonly string[]> => {
  const known = (await listFixtures()).map(({ name }) => name);
  const chosen = families.flatMap((family) => {
    if (family === "all") return known;
    if (isFolder(family) || known.some((name) => name.startsWith(family))) return [family];
    throw invalid(`There is no simulated BMC named ${family}. There are: ${known.join(", ")}.`);
  });
  for (const family of chosen) if (isFolder(family)) await checkFolder(family);
  return chosen.map((family) => (isFolder(family) ? resolve(family) : family));
};

const checkFolder = async (folder: string): Promise<void> => {
  try {
    if ((await listFixtures(resolve(folder))).some(({ name }) => name === "")) return;
  } catch (error) {
    throw invalid(`The folder ${folder} cannot be read as a fixture: ${reasonOf(error)}.`, error);
  }
  throw invalid(`The folder ${folder} holds no fixture: resources.json is missing.`);
};

const faultOf = (text: string): ReturnType<typeof parseFault> => {
  try {
    return parseFault(text);
  } catch (error) {
    if (error instanceof FaultTextError) throw invalid(error.message, error);
    throw error;
  }
};

const certificateFor = ({ host }: SimulateOptions, has: (name: string) => boolean): TlsOptions => {
  const everywhere = host === "0.0.0.0" || host === "::";
  const names = ["127.0.0.1", "::1", "localhost"];
  return selfSigned({
    names: everywhere || names.includes(host) ? names : [host, ...names],
    expired: has("expired-certificate"),
  });
};

const begin = async (
  { count, host, port, username, password, latencyMs }: SimulateOptions,
  fixtures: readonly string[],
  tls: TlsOptions | undefined,
): Promise<SimulatedFleet> => {
  try {
    return await startFleet({
      fixtures,
      host,
      username,
      password,
      ...(count === undefined ? {} : { count }),
      ...(port === undefined ? {} : { firstPort: port }),
      ...(latencyMs === undefined ? {} : { latencyMs }),
      ...(tls === undefined ? {} : { tls }),
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const place = port === undefined ? host : `${host} from port ${port} on`;
    if ("syscall" in error) throw invalid(`The simulated BMCs cannot listen on ${place}: ${reasonOf(error)}.`, error);
    if (fixtures.some((fixture) => isFolder(fixture)))
      throw invalid(`A fixture is malformed: ${reasonOf(error)}.`, error);
    throw error;
  }
};

const announced = ({ machines }: SimulatedFleet, tls: TlsOptions | undefined): readonly AnnouncedBmc[] =>
  machines.map(({ fixture, simulator }) => ({
    url: simulator.url,
    fixture,
    ...(tls === undefined ? {} : { fingerprint: new X509Certificate(tls.cert).fingerprint256 }),
  }));

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error ? String(error.code) : error.message.replaceAll(/\s+/gu, " ");
};

const invalid = (message: string, cause?: unknown): MediabayError =>
  new MediabayError("INVALID_REQUEST", message, {}, { cause });
