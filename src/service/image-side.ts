// The image side: store, sources, publications and the listeners that BMCs read from.
import { join } from "node:path";
import type { Images } from "../core/ports.ts";
import {
  type Certificate,
  exportedCa,
  generatedCertificate,
  localAddresses,
  operatorCertificate,
} from "../images/certificates.ts";
import { createImages } from "../images/images.ts";
import type { PublicationBook } from "../images/publications/book.ts";
import { createPublications } from "../images/publish.ts";
import { type ImagePlane, startImagePlane } from "../images/server.ts";
import { createImageStore, type ImageStore } from "../images/store.ts";
import type { Settings } from "../settings/schema.ts";
import type { Store } from "../store/open-store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Listener } from "../wire/address-policy.ts";
import type { Building } from "./building.ts";
import { createReading } from "./reading.ts";

export interface ImageSide {
  readonly images: Images;
  readonly publications: PublicationBook;
  readonly plane: ImagePlane;
  /** PEM of the CA of the https listener, where it is of our own making. */
  readonly ca?: string;
  /** Listeners that no source may lie on; the control plane's joins once it listens. */
  readonly own: Listener[];
}

const originTimeouts = { connectMs: 15_000, responseMs: 60_000, idleMs: 60_000 } as const;

/** Folder of the generated CA, in the state directory. */
export const caFolder = (stateDir: string): string => join(stateDir, "tls");

export const startImageSide = async (building: Building, store: Store, metrics: Metrics): Promise<ImageSide> => {
  const { settings, clock, undo } = building;
  const own: Listener[] = [];
  const imageStore = createImageStore({
    folder: join(settings.stateDir, "images"),
    catalog: store.images,
    keys: store.imageKeys,
    clock,
    maxBytes: settings.images.maxBytes,
    isPublished: (digest) => publications.list().some((publication) => publication.digest === digest),
  });
  // The store asks whether an image is published, and publications open the store's files: each needs the other.
  const publications: PublicationBook = bookFor(building, store, imageStore, (digest) => images.look(digest));
  // Before anything is served: what an earlier version stored in plain is sealed first.
  await imageStore.start();
  const images = createImages({
    store: imageStore,
    catalog: store.images,
    credentials: store.credentials,
    clock,
    settings: {
      limitsBytes: { configdrive: settings.images.limits.configdriveBytes, boot: settings.images.limits.bootBytes },
      sources: {
        folders: settings.images.fileRoots,
        timeouts: originTimeouts,
        allow: settings.sources.allow,
        allowOwn: settings.sources.allowOwn,
      },
    },
    ownListeners: () => own,
    onDownload: (outcome) => metrics.downloadEnded(outcome),
  });
  const plane = await startPlane(building, publications, metrics);
  undo.push(() => plane.close());
  own.push(...plane.addresses);
  const { enabled, cert } = settings.imagePlane.https;
  const ca = enabled && cert === undefined ? await exportedCa(caFolder(settings.stateDir)) : undefined;
  return { images, publications, plane, own, ...(ca !== undefined && { ca }) };
};

const bookFor = (
  { settings, clock, log, undo }: Building,
  store: Store,
  files: ImageStore,
  look: Images["look"],
): PublicationBook => {
  const { publicHost, publicPort } = settings.imagePlane;
  const { attachments, audit, journal } = store;
  const { settled, ...reading } = createReading({ attachments, audit, journal, clock, log });
  undo.push(settled);
  return createPublications({
    catalog: store.publications,
    files,
    clock,
    log,
    urls: { ...(publicHost !== undefined && { publicHost }), ...(publicPort !== undefined && { publicPort }) },
    filesOf: async (digest) => (await look(digest))?.files ?? [],
    ...reading,
  });
};

const startPlane = async (
  { settings, clock, log }: Building,
  publications: PublicationBook,
  metrics: Metrics,
): Promise<ImagePlane> => {
  const { http, https, addressPolicy, proxies, limits } = settings.imagePlane;
  return startImagePlane({
    ...(http.enabled && { http: { host: http.host, port: http.port } }),
    ...(https.enabled && {
      https: { host: https.host, port: https.port, level: https.level, ...(await certificate(settings, clock.now())) },
    }),
    publications,
    clock,
    log,
    addressPolicy,
    proxies,
    limits,
    observer: {
      onRequest: (answer) => metrics.imagePlaneRequest(answer),
      onGuess: (guess) => metrics.imagePlaneGuess(guess),
    },
  });
};

const certificate = async (settings: Settings, now: number): Promise<Pick<Certificate, "cert" | "key">> => {
  const { cert, key } = settings.imagePlane.https;
  if (cert !== undefined && key !== undefined) return operatorCertificate(cert, key);
  const { publicHost } = settings.imagePlane;
  const names = [...localAddresses(), ...(publicHost === undefined ? [] : [publicHost])];
  return generatedCertificate({ directory: caFolder(settings.stateDir), now, names });
};
