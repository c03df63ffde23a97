// A TCP proxy between a client and a server under test that does to the bytes what bad networks do.
// Faults hold for connections made after they are set; each connection keeps the fault it was given.
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export type ProxyDirection = "to-server" | "to-client";

export type ProxyFault =
  /** Every piece arrives this much later. Real time. */
  (
    | { readonly kind: "delay"; readonly ms: number }
    /** Bytes pass in small pieces with pauses between. Real time. */
    | { readonly kind: "drip"; readonly chunkBytes: number; readonly intervalMs: number }
    /** Both ends see a TCP reset once this many bytes have passed; 0 resets at once. */
    | { readonly kind: "reset"; readonly afterBytes: number }
    /** The connection ends in good order once this many bytes have passed. */
    | { readonly kind: "truncate"; readonly afterBytes: number }
    /** After this many bytes nothing passes any more in that direction, and nothing closes. */
    | { readonly kind: "half-open"; readonly afterBytes: number }
  ) & {
    /** The direction whose bytes are counted and hit; `to-client` when absent. */
    readonly direction?: ProxyDirection;
    /** How many connections get it; all when absent. */
    readonly count?: number;
  };

export interface TcpProxyOptions {
  readonly target: { readonly host: string; readonly port: number };
  readonly host?: string;
  readonly port?: number;
}

export interface TcpProxy {
  readonly host: string;
  readonly port: number;
  /** Connections accepted since the start. */
  connections(): number;
  /** Connections open now. */
  open(): number;
  bytes(direction: ProxyDirection): number;
  setFault(fault: ProxyFault): void;
  clearFaults(): void;
  /** Resets every open connection. */
  resetAll(): void;
  /** New connects are refused; open connections stay. */
  refuse(): void;
  accept(): Promise<void>;
  close(): Promise<void>;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

const write = (socket: Socket, chunk: Buffer): Promise<void> =>
  new Promise((resolve) => {
    if (socket.destroyed || socket.writableEnded) resolve();
    else socket.write(chunk, () => resolve());
  });

const limitOf = (fault: ProxyFault | undefined): number =>
  fault === undefined || fault.kind === "delay" || fault.kind === "drip" ? Number.POSITIVE_INFINITY : fault.afterBytes;

/** What happens once the limit is reached; true when this direction is over. */
const strike = (fault: ProxyFault, { client, server }: Link): void => {
  if (fault.kind === "reset") for (const socket of [client, server]) socket.resetAndDestroy();
  if (fault.kind === "truncate") for (const socket of [client, server]) socket.end();
};

const pass = async (to: Socket, chunk: Buffer, fault: ProxyFault | undefined): Promise<void> => {
  if (fault?.kind === "delay") await pause(fault.ms);
  const step = fault?.kind === "drip" ? fault.chunkBytes : chunk.byteLength;
  for (let from = 0; from < chunk.byteLength; from += step) {
    await write(to, chunk.subarray(from, from + step));
    if (fault?.kind === "drip") await pause(fault.intervalMs);
  }
};

/** Carries one direction until its source ends or its fault strikes. */
const carry = async (
  link: Link,
  direction: ProxyDirection,
  fault: ProxyFault | undefined,
  count: (bytes: number) => void,
): Promise<void> => {
  const [from, to] = direction === "to-server" ? [link.client, link.server] : [link.server, link.client];
  let left = limitOf(fault);
  if (fault !== undefined && left === 0) return strike(fault, link);
  try {
    // An end of ours must not destroy the source: a half-open connection stays open.
    for await (const data of from.iterator({ destroyOnReturn: false })) {
      const chunk = Buffer.from(data).subarray(0, left);
      await pass(to, chunk, fault);
      count(chunk.byteLength);
      left -= chunk.byteLength;
      if (fault !== undefined && left <= 0) return strike(fault, link);
    }
    to.end();
  } catch (error) {
    // The source was reset or destroyed: so is the other side. Anything that is not a socket's error is a defect.
    if (!(error instanceof Error && "code" in error)) throw error;
    to.destroy();
  }
  return undefined;
};

const listenOn = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });

/** @throws when the port is taken */
export const startTcpProxy = async (options: TcpProxyOptions): Promise<TcpProxy> => {
  const host = options.host ?? "127.0.0.1";
  const links = new Set<Link>();
  const bytes: Record<ProxyDirection, number> = { "to-server": 0, "to-client": 0 };
  let faults: { readonly fault: ProxyFault; left: number }[] = [];
  let accepted = 0;

  const takeFault = (): ProxyFault | undefined => {
    const next = faults.find(({ left }) => left > 0);
    if (next !== undefined) next.left -= 1;
    return next?.fault;
  };

  const onConnection = (client: Socket): void => {
    accepted += 1;
    const fault = takeFault();
    const server = connect({ ...options.target, allowHalfOpen: true });
    const link: Link = { client, server };
    links.add(link);
    const forget = (): void => {
      if (client.closed && server.closed) links.delete(link);
    };
    for (const socket of [client, server]) {
      socket.on("close", forget);
      socket.on("error", () => (socket === client ? server : client).destroy());
    }
    const faultOf = (direction: ProxyDirection): ProxyFault | undefined =>
      fault !== undefined && (fault.direction ?? "to-client") === direction ? fault : undefined;
    for (const direction of ["to-server", "to-client"] as const) {
      void carry(link, direction, faultOf(direction), (count) => {
        bytes[direction] += count;
      });
    }
  };

  const listener = createServer({ allowHalfOpen: true }, onConnection);
  await listenOn(listener, options.port ?? 0, host);
  const { port } = listener.address() as AddressInfo;

  return {
    host,
    port,
    connections: () => accepted,
    open: () => links.size,
    bytes: (direction) => bytes[direction],
    setFault(fault) {
      faults.push({ fault, left: fault.count ?? Number.POSITIVE_INFINITY });
    },
    clearFaults() {
      faults = [];
    },
    resetAll() {
      for (const { client, server } of links) for (const socket of [client, server]) socket.resetAndDestroy();
    },
    refuse() {
      listener.close();
    },
    async accept() {
      if (!listener.listening) await listenOn(listener, port, host);
    },
    async close() {
      const sockets = [...links].flatMap(({ client, server }) => [client, server]);
      const closing = sockets
        .filter((socket) => !socket.closed)
        .map((socket) => new Promise((resolve) => socket.once("close", resolve)));
      if (listener.listening) listener.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closing);
    },
  };
};
