// An origin that wants what a secret source brings, and that repeats all of it to whoever is refused.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface SecretOrigin {
  readonly host: string;
  close(): Promise<void>;
}

/** `/drive.iso` with this user, password and signature answers the image; anything else is refused in the request's own words. */
export const startSecretOrigin = async (
  image: Buffer,
  wanted: { readonly userinfo: string; readonly signature: string; readonly bearer: string },
): Promise<SecretOrigin> => {
  const basic = `Basic ${Buffer.from(wanted.userinfo).toString("base64")}`;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://origin");
    const { authorization } = request.headers;
    const isSigned =
      pathname === "/drive.iso" && searchParams.get("temp_url_sig") === wanted.signature && authorization === basic;
    const isBorne = pathname === "/borne.iso" && authorization === `Bearer ${wanted.bearer}`;
    if (isSigned || isBorne) response.writeHead(200, { "content-length": image.length }).end(image);
    else response.writeHead(403, `No ${authorization ?? ""}`).end(`${request.url ?? ""} ${authorization ?? ""}`);
  };
  const server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
};
