// Where an image comes from, as requests say it. The JSON of a config drive is Ironic's own object, so that it can be pasted.
import { z } from "zod";
import type { DriveContent } from "../../core/configdrive.ts";
import type { Source } from "../../core/ports.ts";
import { jsonFault } from "../../core/json-fault.ts";
import { driveLayouts } from "../../core/vocabulary.ts";
import { choiceOf, digest, name } from "./parts.ts";

/** Of a URI that only names its bytes. */
const mostUriLength = 8192;

/** Ironic's limit for a request's JSON. */
const mostLevels = 25;

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === "object" &&
  value !== null &&
  (levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1)));

const anyObject = z.record(z.string(), z.unknown(), { error: "an object is needed" });

/** A number or a truth value has no meaning there. */
const userData = z.union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown()), z.null()], {
  error: "text, an object, a list or null is needed",
});

const content = z
  .strictObject({
    meta_data: anyObject.exactOptional(),
    network_data: anyObject.exactOptional(),
    user_data: userData.exactOptional().describe("Text is written as it is, an object or a list as JSON."),
    vendor_data: anyObject.exactOptional(),
  })
  .refine((value) => !isDeeper(value, mostLevels), `it is nested deeper than ${mostLevels} levels`)
  .superRefine((value, context) => {
    const fault = jsonFault(value);
    if (fault !== undefined) context.addIssue({ code: "custom", path: [...fault.path], message: `it ${fault.why}` });
  })
  .meta({ id: "ConfigDrive", description: "To be built by us." });

const members = z.strictObject({
  uri: z
    .string()
    .min(1)
    .refine(
      (text) => text.length <= mostUriLength || /^\s*data:/i.test(text),
      `longer than ${mostUriLength} characters`,
    )
    .exactOptional()
    .describe(
      "`http`, `https`, `file`, `swift`, `s3` or `data`; others are refused by name. At most 8192 characters, but for `data`.",
    ),
  credential: name.exactOptional().describe("A named credential, for the URI's origin."),
  base64: z.string().min(1).exactOptional().describe("An image or a gzipped image."),
  digest: digest.exactOptional().describe("An image in our store."),
  configdrive: content.exactOptional(),
  layout: z.enum(driveLayouts).exactOptional().describe("Of `configdrive`. Default `openstack`."),
  ec2: z.boolean().exactOptional().describe("With the `ec2/` tree beside `openstack/`."),
});

const choices = [["uri", "credential"], ["base64"], ["digest"], ["configdrive", "layout", "ec2"]] as const;

/** The one choice that the members make; undefined when it is none, or more than one. */
const chosenOf = (given: z.output<typeof members>): (typeof choices)[number] | undefined => {
  const keys = Object.keys(given);
  return choices.find((choice) => keys.includes(choice[0]) && keys.every((key) => choice.some((one) => one === key)));
};

export const source = members
  .transform((given, context): Source => {
    const chosen = chosenOf(given);
    const { uri, credential, base64, digest: stored, configdrive, layout, ec2 } = given;
    if (chosen !== undefined) {
      if (uri !== undefined) return { kind: "uri", uri, ...(credential !== undefined && { credential }) };
      if (base64 !== undefined) return { kind: "blob", base64 };
      if (stored !== undefined) return { kind: "image", digest: stored };
      if (configdrive !== undefined) {
        const drive = {
          content: configdrive as DriveContent,
          ...(layout && { layout }),
          ...(ec2 !== undefined && { ec2 }),
        };
        return { kind: "configdrive", drive };
      }
    }
    context.addIssue(problemOf(given));
    return z.NEVER;
  })
  .meta({ id: "Source", ...choiceOf(...choices) });

const problemOf = ({ uri, configdrive, credential, layout, ec2 }: z.output<typeof members>): string => {
  if (credential !== undefined && uri === undefined) return "`credential` goes with `uri` only";
  if ((layout !== undefined || ec2 !== undefined) && configdrive === undefined)
    return "`layout` and `ec2` go with `configdrive` only";
  return "exactly one of `uri`, `base64`, `digest` and `configdrive` is needed";
};
