#!/usr/bin/env node
// The `mediabay` command, whatever Node it is called with.
import { fileURLToPath } from "node:url";

process.argv.splice(2, 0, fileURLToPath(new URL("main.ts", import.meta.url)));
await import("./start.mjs");
