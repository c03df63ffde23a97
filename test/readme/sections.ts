// The generated parts of the README by name: each is a file of sections/ that exports `render`. Another file is another part.
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";

type Render = () => string | Promise<string>;

const moduleSchema = z.object({ render: z.custom<Render>((value) => typeof value === "function") });
const folder = join(import.meta.dirname, "sections");

export const sectionNames: readonly string[] = readdirSync(folder)
  .map((file) => basename(file, ".ts"))
  .sort();

/** What the code says now, as Markdown. */
export const renderSection = async (name: string): Promise<string> => {
  const section: unknown = await import(pathToFileURL(join(folder, `${name}.ts`)).href);
  return moduleSchema.parse(section).render();
};
