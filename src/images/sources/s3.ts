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

/** The store's own code in its error document. */
const errorCode = async ({ body }: OriginAnswer): Promise<string | undefined> => {
  let text = "";
  let pieces = 0;
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString("latin1");
    pieces += 1;
    const [, code] = /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(text) ?? [];
    if (code !== undefined) return code;
    if (text.length > mostErrorBytes || pieces === mostErrorPieces) break;
  }
  return undefined;
};

const refusalOf = async (name: string, answer: OriginAnswer): Promise<MediabayError> => {
  const { status, url } = answer;
  const code = await errorCode(answer);
  const said = code === undefined ? `${status}` : `${status} ${code}`;
  const message = `S3 at ${url.host} answered ${said} for ${name}.`;
  return new MediabayError("SOURCE_REFUSED", message, {
    uri: name,
    status,
    ...(code !== undefined && { originCode: code }),
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
        refusal: (answer) => refusalOf(name, answer),
      };
      return openTransfer(client, deps.clock, origin, context);
    },
  };
};
