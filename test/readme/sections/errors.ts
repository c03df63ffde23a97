// The errors by whose fault they are, with what follows from each.
import { exitCodes, exitFor } from "../../../src/cli/exit-codes.ts";
import { type ErrorCode, type Fault, errorTable } from "../../../src/core/errors.ts";
import { markdownTable } from "../table.ts";

const titles: Readonly<Record<Fault, string>> = {
  caller: "The caller's: the request, the settings or the image has to change",
  bmc: "The BMC's",
  source: "The image origin's",
  us: "Mediabay's own",
};

const row = (code: ErrorCode): readonly string[] => {
  const { status, retry, hint } = errorTable[code];
  return [`\`${code}\``, String(status), String(exitCodes[exitFor(code)].code), retry, hint];
};

const group = (fault: Fault): string => {
  const codes = (Object.keys(errorTable) as ErrorCode[]).filter((code) => errorTable[code].fault === fault);
  const table = markdownTable(["Code", "HTTP", "Exit", "Retry", "What to do"], codes.map(row));
  return `**${titles[fault]}**\n\n${table}`;
};

export const render = (): string => (Object.keys(titles) as Fault[]).map(group).join("\n");
