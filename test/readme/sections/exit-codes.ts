// What each exit code of the command line means.
import { exitCodes } from "../../../src/cli/exit-codes.ts";
import { markdownTable } from "../table.ts";

export const render = (): string =>
  markdownTable(
    ["Exit code", "Meaning"],
    Object.values(exitCodes).map(({ code, meaning }) => [String(code), meaning]),
  );
