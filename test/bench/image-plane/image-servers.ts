// The servers that the image plane's benchmark compares, each as processes of its own on the loopback.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "../../tools/free-port.ts";
import type { ImageKind } from "./bench-images.ts";

export interface BenchServer {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** The URL path of each image. */
  readonly paths: Readonly<Record<"small.iso" | "large.iso", string>>;
  stop(): Promise<void>;
}

const plainPaths = { "small.iso": "/small.iso", "large.iso": "/large.iso" };

const launch = (command: string, words: readonly string[]): ChildProcess => {
  const path = [process.env["PATH"], "/usr/sbin"].join(delimiter);
  return spawn(command, words, { stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, PATH: path } });
};

const asServer = (
  name: string,
  child: ChildProcess,
  port: number,
  paths: BenchServer["paths"] = plainPaths,
): BenchServer => {
  if (child.pid === undefined) throw new Error(`${name} did not start`);
  const exited = once(child, "exit");
  return {
    name,
    pid: child.pid,
    port,
    paths,
    async stop() {
      child.kill();
      await exited;
    },
  };
};

const connects = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

const whenListening = async (server: BenchServer): Promise<BenchServer> => {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await connects(server.port)) return server;
    await wait(50);
  }
  throw new Error(`${server.name} does not listen`);
};

/** Our own programs print one line of JSON once they listen. */
const startNode = async (name: string, file: string, ...words: readonly string[]): Promise<BenchServer> => {
  const child = launch(process.execPath, [join(import.meta.dirname, file), ...words]);
  if (!child.stdout) throw new Error("stdout is a pipe");
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const told = JSON.parse(line) as { port: number; paths?: BenchServer["paths"] };
  return asServer(name, child, told.port, told.paths);
};

export const startImagePlane = (folder: string, kind: ImageKind = "sealed"): Promise<BenchServer> =>
  startNode("image plane", "serve-images.ts", folder, kind);

export const startExpressStatic = (folder: string): Promise<BenchServer> =>
  startNode("express.static", "serve-express.ts", folder);

/** `tcp_nopush on` would stall small answers on the loopback (delayed ACK). */
const nginxConfiguration = (folder: string, port: number): string => `
${process.getuid?.() === 0 ? "user root;" : ""}
worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 512; }
http {
  access_log off; sendfile on; tcp_nopush off; tcp_nodelay on; keepalive_requests 1000000000;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen 127.0.0.1:${port}; root ${folder}; }
}
`;

export const startNginx = async (folder: string): Promise<BenchServer> => {
  const port = await freePort();
  const file = join(folder, "nginx.conf");
  await writeFile(file, nginxConfiguration(folder, port));
  return whenListening(asServer("nginx", launch("nginx", ["-c", file, "-e", join(folder, "nginx.log")]), port));
};

export const startPython = async (folder: string): Promise<BenchServer> => {
  const port = await freePort();
  const words = ["-m", "http.server", "--bind", "127.0.0.1", "--directory", folder, String(port)];
  return whenListening(asServer("python3 http.server", launch("python3", words), port));
};
