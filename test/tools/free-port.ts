// A port of the loopback that is free now, for programs that cannot listen on port 0 and tell which they got.
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below the range from which Linux takes the ports of outgoing connections: one that is listened on again and again must not meet those. */
const lowest = 20_000;
const highest = 32_000;
const tries = 100;

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer().listen(port, "127.0.0.1");
  const listening = await Promise.race([
    once(server, "listening").then(() => true),
    new Promise<boolean>((resolve) => void server.once("error", () => resolve(false))),
  ]);
  if (!listening) return false;
  server.close();
  await once(server, "close");
  return true;
};

/** Somebody else may take it before its user does: callers try again with another. */
export const freePort = async (): Promise<number> => {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port among ${tries} tried`);
};
