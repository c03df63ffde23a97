// A port of the loopback that is free now, for programs that cannot listen on port 0 and tell which they got.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** Somebody else may take it before its user does: callers try again with another. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
};
