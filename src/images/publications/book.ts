// What the publications are made of, and what the image plane's server needs of them beside the gateway's port.
import type { ImageFile } from "../../core/configdrive.ts";
import type { Clock } from "../../core/driver.ts";
import type { Log, PublicationCatalog, PublicationRecord, Publications } from "../../core/ports.ts";
import type { ByteRange } from "../../core/records.ts";
import type { Content, ContentLimits, Contents, ImageFiles } from "../plane/contents.ts";
import type { ListenerAddress, UrlSettings } from "../plane/urls.ts";
import type { OneRead, ReadNews } from "../reads/read-log.ts";
import type { LastStep } from "./last-read.ts";
import type { LivePublication } from "./live.ts";
import type { EndReason } from "./terms.ts";

/** What was read or has ended: the image of one publication, while its attachment may have another by now. */
export type Published = Pick<PublicationRecord, "attachmentId" | "digest">;

export interface PublicationDeps {
  readonly catalog: PublicationCatalog;
  readonly files: ImageFiles;
  readonly clock: Clock;
  readonly log: Log;
  readonly urls?: UrlSettings;
  readonly contentLimits?: ContentLimits;
  /** The files inside an image, where it is of a kind and a size that they are known. */
  filesOf?(digest: string): Promise<readonly ImageFile[]>;
  /** Called once per answered request that sent image bytes to the BMC; `first` for the very first of a publication. */
  onRead?(published: Published, first: boolean): void;
  /** Somebody who is not the BMC was answered. Called once a publication and address, for so many addresses. */
  onStrangerRead?(published: Published, remote: string): void;
  /** Likewise of somebody to whom it is not given. */
  onStrangerRefused?(published: Published, remote: string): void;
  /** Called within seconds of the read that proved it. */
  onNews?(published: Published, news: ReadNews): void;
  /** Its terms have ended: it is served no more. Told again at each start. */
  onEnded?(published: Published, why: EndReason): void;
}

/** The gateway's port, and what the server needs beside it. */
export interface PublicationBook extends Publications {
  readonly contents: Contents;
  /** Brings back the live publications of the catalog. */
  load(): Promise<void>;
  /** Tells where we listen: needed before `publish`. */
  listening(listeners: readonly ListenerAddress[]): void;
  /** The publication that is served at exactly this path. */
  at(path: string): LivePublication | undefined;
  /** Its bytes, if they are at hand, held until they are released; only then may it be read. */
  ready(publication: LivePublication): Content | undefined;
  /** As `ready`, once they are. @throws what `ImageFiles.open` throws */
  prepare(publication: LivePublication): Promise<Content>;
  /** Records one answered request that really sent `[from, to)`. Never waits. */
  noteRead(publication: LivePublication, read: Omit<OneRead, "at">): void;
  /** Records that somebody asked for it and is not given it. Never waits. */
  noteRefused(publication: LivePublication, remote: string): void;
  /** A response to the BMC comes to its last bytes. Undefined where nothing is to be waited for. */
  lastStep(publication: LivePublication, range: ByteRange): LastStep | undefined;
  /** Writes what is not yet written. Further reads are not flushed. */
  close(): Promise<void>;
}
