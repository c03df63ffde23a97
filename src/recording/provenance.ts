// Where a recorded fixture comes from, for whoever reads it later.
import type { Product } from "./personality.ts";

export interface Provenance {
  readonly product: Product;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly resources: number;
  readonly notes: readonly string[];
}

export const provenanceText = ({ product, at, resources, notes }: Provenance): string => `# ${product.name}

| | |
|---|---|
| Product | ${product.name} |
| Firmware | ${product.firmware} |
| Recorded | ${new Date(at).toISOString().slice(0, 10)}, by \`mediabay record\` |
| How | ${resources} resources, GET only, one request at a time, links followed from the service root |

What is here: the service root, systems, managers, their virtual media, boot settings, action information, and the roots of the session and
task services. Links to anything else were taken out; sessions, tasks and inserted media were left out.

Kept are links, types, what the schemas list as values, and the names of products and versions. Every other text (serial numbers, UUIDs, service
tags, addresses, host and user names, names, descriptions, whatever an OEM part says) is replaced by random characters of the same length, the
same text always by the same; secrets by \`x\`. What replaced them is written down nowhere.

Only what links lead to was read: paths which a profile knows without a link, as OEM recipes do, are not here.

\`personality.json\` holds what reading shows: ETags, how slots are controlled, how an empty slot looks, what an insert takes, where boot is set. What
only writing shows (errors, delays, what an eject leaves, which PATCH is refused) has the schema's behaviour until somebody adds it with its source.
Actions beside the standard's are refused with 501.
${notes.length === 0 ? "" : `\nNot read:\n\n${notes.map((note) => `- ${note}\n`).join("")}`}`;
