// Publishes an image under a URL that the slot of the BMC takes.
import type { MediaDriver } from "../core/driver.ts";
import type { UrlRules } from "../core/media.ts";
import type { AttachRequest } from "../core/gateway.ts";
import type { PublicationRecord, PublicationTerms, PublishRequest } from "../core/ports.ts";
import type { AttachmentWork } from "./attach-work.ts";
import { type Conversation, hostOf } from "./connect.ts";
import type { ImageFacts } from "./image.ts";
import type { Way } from "./way.ts";

/** @throws MediabayError UNSUPPORTED_BY_BMC where we have no URL that it takes */
export const publish = async (
  work: AttachmentWork,
  image: ImageFacts,
  media: MediaDriver,
  way: Way,
  wish?: AttachRequest["terms"],
): Promise<void> => {
  const terms = termsFrom(wish, work.deps.clock.now());
  const published = await publishOn(work, image, media, way, terms);
  // One that was published before a crash has the terms that it was given then.
  if (terms !== undefined) await work.deps.attachments.update(work.attachmentId, { terms: published.terms ?? terms });
};

/** On terms that were given before. @throws as `publish` */
export const publishOn = async (
  work: AttachmentWork,
  image: ImageFacts,
  media: MediaDriver,
  way: Pick<Way, "slot" | "extension">,
  terms?: PublicationTerms,
): Promise<PublicationRecord> => {
  const conversation = await work.link.get(work.context.signal);
  const rules = await urlRulesOf(media, way.slot);
  return work.deps.publications.publish({
    attachmentId: work.attachmentId,
    machineId: conversation.machine.id,
    digest: image.digest,
    extension: way.extension,
    ...reachOf(conversation),
    ...rules,
    ...(terms === undefined ? {} : { terms }),
  });
};

const termsFrom = (wish: AttachRequest["terms"], now: number): PublicationTerms | undefined => {
  if (wish === undefined) return undefined;
  const { expiresInMs } = wish;
  return { ...wish, ...(expiresInMs === undefined ? {} : { expiresAt: now + expiresInMs }) };
};

export const urlRulesOf = async (media: MediaDriver, slot: string): Promise<UrlRules> =>
  (await media.urlRules?.(slot)) ?? { schemes: ["http", "https"] };

/** How the BMC and our image plane reach each other. */
export type Reach = Pick<PublishRequest, "bmcHost" | "imageHost">;

export const reachOf = ({ endpoint, machine }: Pick<Conversation, "endpoint" | "machine">): Reach => {
  const imageHost = machine.endpoints.find((candidate) => candidate.address === endpoint.address)?.imageHost;
  return { bmcHost: hostOf(endpoint.address), ...(imageHost === undefined ? {} : { imageHost }) };
};
