// The exit codes, one table: shown in `--help`, in the README, and used by every command.
import { type ErrorCode, type ErrorDefinition, errorTable } from "../core/errors.ts";

export const exitCodes = {
  ok: { code: 0, meaning: "done" },
  unexpected: { code: 1, meaning: "unexpected: a defect, or the gateway's own trouble (INTERNAL, STORE_UNAVAILABLE)" },
  usage: { code: 2, meaning: "the command line is wrong" },
  refused: {
    code: 3,
    meaning: "the request was refused: invalid, unsupported, the image is unfit, or the operation was cancelled",
  },
  notFound: { code: 4, meaning: "no such machine, attachment, operation or image" },
  busy: { code: 5, meaning: "busy, occupied or locked by somebody else, or asked too often" },
  bmc: { code: 6, meaning: "the BMC failed, refused, or could not be reached" },
  source: { code: 7, meaning: "the image's origin failed or refused" },
  access: { code: 8, meaning: "no valid token, or its role does not allow it" },
  unreachable: { code: 9, meaning: "the gateway cannot be reached" },
  timedOut: { code: 75, meaning: "still running when --timeout passed; the operation goes on" },
  settings: { code: 78, meaning: "the settings are wrong" },
  interrupted: { code: 130, meaning: "interrupted with Ctrl-C; a running operation goes on" },
} as const;

export type Exit = keyof typeof exitCodes;

const byCode: Readonly<Partial<Record<ErrorCode, Exit>>> = {
  NOT_FOUND: "notFound",
  MACHINE_NOT_FOUND: "notFound",
  IMAGE_NOT_FOUND: "notFound",
  ALREADY_ATTACHED: "busy",
  STATE_LOCKED: "busy",
  UNAUTHENTICATED: "access",
  FORBIDDEN: "access",
  SETTINGS_INVALID: "settings",
};

/** A caller who may come back later met somebody else's work, not a mistake. */
const byDefinition = ({ fault, retry }: ErrorDefinition): Exit =>
  fault === "caller" && retry !== "never" ? "busy" : byFault[fault];

const byFault = { caller: "refused", bmc: "bmc", source: "source", us: "unexpected" } as const;

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errorTable, code);

/** An error code this version does not know is judged by its HTTP status. */
export const exitFor = (code: string, status?: number): Exit => {
  if (isErrorCode(code)) return byCode[code] ?? byDefinition(errorTable[code]);
  if (status === 401 || status === 403) return "access";
  if (status === 404) return "notFound";
  if (status === 409) return "busy";
  return status !== undefined && status >= 400 && status < 500 ? "refused" : "unexpected";
};

/** The table as help text. */
export const exitCodeHelp = (): string =>
  ["Exit codes:", ...Object.values(exitCodes).map(({ code, meaning }) => `  ${String(code).padEnd(4)}${meaning}`)].join(
    "\n",
  );
