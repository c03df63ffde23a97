// The version, from package.json: the one place that says it.
import { createRequire } from "node:module";

const manifest: unknown = createRequire(import.meta.url)("../package.json");

export const version =
  manifest !== null && typeof manifest === "object" && "version" in manifest && typeof manifest.version === "string"
    ? manifest.version
    : "0.0.0";
