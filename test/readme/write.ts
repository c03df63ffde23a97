// `npm run readme`: writes the README's generated parts anew.
import { writeFileSync } from "node:fs";
import { generatedParts, readmeFile, readReadme, withParts } from "./document.ts";
import { renderSection } from "./sections.ts";

const text = readReadme();
const parts = new Map<string, string>();
for (const name of generatedParts(text).keys()) parts.set(name, await renderSection(name));
const written = withParts(text, parts);
if (written !== text) writeFileSync(readmeFile, written);
process.stdout.write(
  `README.md: ${[...parts.keys()].join(", ")} ${written === text ? "were" : "are now"} up to date\n`,
);
