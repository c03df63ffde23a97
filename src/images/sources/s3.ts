// `s3://bucket/key`: any store with Amazon's S3 interface, each request signed with Signature Version 4 in its headers.
import { AwsV4Signer } from "aws4fetch";
import { MediabayError } from "../../core/errors.ts";
import type { S3Credential } from "../../core/source-credentials.ts";
import type { OriginAnswer } from "../../wire/guarded/origin-client.ts";
import { clientOf } from "../origins/client.ts";
import { credentialNeeded, credentialOfKind } from "../origins/credential.ts";
import { keyOfObject, type ObjectName, parseObjectUri, pathOfObject } from "../origins/object-uri.ts";
import type { Origin, Question } from "../origins/origin.ts";
import { openTransfer } from "../origins/transfer.ts";
import type { SourceDeps, SourceScheme } from "./source.ts";

/** SHA-256 of no bytes: some stores refuse a signed request that does not tell it. */
const emptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Enough for an error's document. */
const mostErrorBytes = 8 * 1024;
const mostErrorPieces = 8;

/** @throws MediabayError INVALID_REQUEST */
const urlOf = ({ container, object }: ObjectName, { endpoint, style }: S3Credential): URL => {
  const { protocol, host, pathname } = new URL(endpoint);
  const base = pathname.replace(/\/+$/, "");
  const key = pathOfObject(object);
  if (style === "path") return new URL(`${protocol}//${host}${base}/${pathOfObject(container)}/${key}`);
  if (/^[a-z0-9][a-z0-9.-]*[a-z0-9]$/.test(container) && !/^(\[|[\d.]+(:|$))/.test(host))
    return new URL(`${protocol}//${container}.${host}${base}/${key}`);
  const message = `The bucket ${container} cannot be a part of the host name ${host}.`;
  throw new MediabayError("INVALID_REQUEST", message, {
    field: "source.uri",
    hint: "Give the credential the style `path`.",
  });
};

const sign = async (uri: URL, credential: S3Credential, now: number): Promise<Question> => {
  const { accessKeyId, secretAccessKey, sessionToken, region } = credential;
  const signer = new AwsV4Signer({
    method: "GET",
    url: uri.href,
    headers: { "x-amz-content-sha256": emptyDigest },
    datetime: new Date(now).toISOString().replaceAll(/[:-]|\.\d{3}/g, ""),
    service: "s3",
    region,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
  });
  const { headers } = await signer.sign();
  return { uri, credentials: Object.fromEntries(headers), redirects: "answered" };
};

/** What a signature for another region is answered with, and a bucket that lies elsewhere. */
const wrongRegion = new Set<string | undefined>(["AuthorizationHeaderMalformed", "InvalidRegion"]);
const elsewhere = new Set<string | undefined>([
  "PermanentRedirect",
  "TemporaryRedirect",
  "IllegalLocationConstraintException",
]);
const isOfPlaces = (code: string | undefined): boolean => wrongRegion.has(code) || elsewhere.has(code);

const codeIn = (text: string): string | undefined => /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(text)?.[1];
const regionIn = (text: string): string | undefined => /<Region>([A-Za-z0-9-]{1,64})<\/Region>/.exec(text)?.[1];

/** The region stands behind the code. */
const tellsAll = (text: string): boolean => {
  const code = codeIn(text);
  return code !== undefined && (!isOfPlaces(code) || regionIn(text) !== undefined || text.includes("</Error>"));
};

/** The beginning of the store's error document, as far as it tells something. */
const errorText = async ({ body }: OriginAnswer): Promise<string> => {
  let text = "";
  let pieces = 0;
  try {
    for await (const chunk of body) {
      text += Buffer.from(chunk).toString("latin1");
      pieces += 1;
      if (tellsAll(text) || text.length > mostErrorBytes || pieces === mostErrorPieces) break;
    }
  } catch (error) {
    // What the store had said before it broke off, it had said.
    if (!(error instanceof MediabayError) || codeIn(text) === undefined) throw error;
  }
  return text;
};

const toldRegion = ({ headers }: OriginAnswer, text: string): string | undefined => {
  const header = headers["x-amz-bucket-region"];
  return typeof header === "string" && /^[A-Za-z0-9-]{1,64}$/.test(header) ? header : regionIn(text);
};

/** Only where the store speaks of places: some tell their own region whatever is wrong. */
const regionHint = (code: string | undefined, told: string | undefined, ours: string): string | undefined => {
  if (!isOfPlaces(code)) return undefined;
  if (told !== undefined && told !== ours)
    return `The bucket is in the region ${told}: set the credential anew with \`--region ${told}\` and an endpoint that serves it.`;
  return wrongRegion.has(code)
    ? `The store expects another region than ${ours}: set the credential anew with \`--region\`.`
    : undefined;
};

const refusalOf = async (name: string, answer: OriginAnswer, { region }: S3Credential): Promise<MediabayError> => {
  const { status, url } = answer;
  const text = await errorText(answer);
  const code = codeIn(text);
  const hint = regionHint(code, toldRegion(answer, text), region);
  const said = code === undefined ? `${status}` : `${status} ${code}`;
  const message = `S3 at ${url.host} answered ${said} for ${name}.`;
  return new MediabayError("SOURCE_REFUSED", message, {
    uri: name,
    status,
    ...(code !== undefined && { originCode: code }),
    ...(hint !== undefined && { hint }),
  });
};

export const createS3Source = (deps: SourceDeps): SourceScheme => {
  const client = clientOf(deps);
  return {
    kind: "uri",
    schemes: ["s3"],
    credential: "needed",
    check: (uri) => void parseObjectUri(uri),
    key: (uri) => keyOfObject("s3", parseObjectUri(uri)),
    open(reference, context) {
      const credential = credentialOfKind(context, "s3");
      if (credential === undefined) throw credentialNeeded("s3");
      const object = parseObjectUri(reference);
      const name = keyOfObject("s3", object);
      const uri = urlOf(object, credential);
      const origin: Origin = {
        name,
        context: { uri: name },
        ask: () => sign(uri, credential, deps.clock.now()),
        refusal: (answer) => refusalOf(name, answer, credential),
      };
      return openTransfer(client, deps.clock, origin, context);
    },
  };
};
