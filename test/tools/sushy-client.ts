// What the sushy library, an independent Redfish client, sees of a system.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import type { SushyTools } from "./sushy-tools.ts";
import { venv } from "./venv.ts";

const viewSchema = z.object({
  slots: z.record(
    z.string(),
    z.object({
      inserted: z.boolean().nullable(),
      image: z.string().nullable(),
      imageName: z.string().nullable(),
      mediaTypes: z.array(z.string()),
    }),
  ),
  boot: z.object({ target: z.string().nullable(), enabled: z.string().nullable(), mode: z.string().nullable() }),
  powerState: z.string(),
});

export type SushyView = z.infer<typeof viewSchema>;

/** Asks over the network, as any client would. The password goes by standard input. @throws Error of the Python process */
export const readThroughSushy = async (bmc: SushyTools, system: string): Promise<SushyView> => {
  const script = join(import.meta.dirname, "sushy-client.py");
  const running = promisify(execFile)(venv.python, [script]);
  running.child.stdin?.end(JSON.stringify({ url: bmc.url, system, ...bmc.auth, caFile: bmc.caFile }));
  return viewSchema.parse(JSON.parse((await running).stdout));
};
