// Records a Redfish service as a fixture that a simulated BMC can replay: read, redact, tidy, and tell where it comes from.
import { randomBytes } from "node:crypto";
import type { Clock } from "../core/driver.ts";
import type { Recorder, Recording } from "../core/ports.ts";
import { crawl, type Crawled } from "./crawl.ts";
import { createDisguise } from "./disguise.ts";
import { isObject } from "./json.ts";
import { personalityOf, productOf } from "./personality.ts";
import { provenanceText } from "./provenance.ts";
import { createRedaction, type Redaction } from "./redaction.ts";
import { tidy } from "./tidy.ts";

export interface RecorderOptions {
  readonly clock: Pick<Clock, "now">;
  /** For disguises; a new random one for each recording when absent, so that nobody can tell which serial number became which. */
  readonly key?: Uint8Array;
}

/** Names that say what a system is; any other is somebody's. */
const commonName = /system|server|computer|host|baseboard|blade|node$/iu;

const ownNames = (resources: readonly Crawled[]): readonly string[] =>
  resources.flatMap(({ role, body: { Name: name } }) =>
    role === "system" && typeof name === "string" && !commonName.test(name) ? [name] : [],
  );

const redacted = (resources: readonly Crawled[], redaction: Redaction): readonly Crawled[] =>
  resources.map((resource) => {
    const body = redaction.value(resource.body, resource.role === "oem");
    return { ...resource, uri: redaction.text(resource.uri), body: isObject(body) ? body : {} };
  });

const jsonText = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;

export const createRecorder = ({ clock, key }: RecorderOptions): Recorder => ({
  record: async (request): Promise<Recording> => {
    const { resources: found, notes: said } = await crawl(request);
    const { serialNumber, uuid } = request.identity;
    const redaction = createRedaction({
      values: found.map(({ uri, role, body }) => ({ value: { [uri]: uri, body }, oem: role === "oem" })),
      secrets: [...request.secrets, ...ownNames(found), ...[serialNumber, uuid].filter((text) => text !== undefined)],
      disguise: createDisguise(key ?? randomBytes(32)),
    });
    const resources = redacted(found, redaction);
    const notes = said.map((note) => redaction.text(note));
    const about = { product: productOf(resources), at: clock.now(), resources: resources.length, notes };
    return {
      files: {
        "resources.json": jsonText(tidy(resources)),
        "personality.json": jsonText(personalityOf(resources)),
        "PROVENANCE.md": provenanceText(about),
      },
      resources: resources.length,
      notes,
    };
  },
});
