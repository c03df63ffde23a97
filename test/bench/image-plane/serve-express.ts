// `express.static` alone, for the benchmark.
import type { AddressInfo } from "node:net";
import express from "express";

const server = express()
  .use(express.static(process.argv[2] ?? "."))
  .listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    process.stdout.write(`${JSON.stringify({ port })}\n`);
  });
