// What the steps of one replacement share.
import type { AttachRequest } from "../../core/gateway.ts";
import type { PublicationTerms, Source } from "../../core/ports.ts";
import type { AttachmentRecord, SourceRecord } from "../../core/records.ts";
import type { AttachmentRole, MediaType } from "../../core/vocabulary.ts";
import type { AttachmentWork } from "../attach-work.ts";
import type { ImageFacts } from "../image.ts";

/** The operation's sealed input. */
export interface ReplaceInput {
  readonly source: Source;
  readonly shown: SourceRecord;
  readonly digest?: string;
  readonly expectAgent?: boolean;
}

/** As it was before anything was touched. */
export interface Former {
  readonly role: AttachmentRole;
  readonly slot: string;
  readonly mediaType: MediaType;
  readonly image: ImageFacts;
  readonly source: SourceRecord;
  readonly warnings: readonly string[];
  readonly given?: PublicationTerms;
  /** To be given anew: a replaced medium lives as long as its predecessor was meant to. */
  readonly terms?: NonNullable<AttachRequest["terms"]>;
}

export interface ReplaceWork extends AttachmentWork {
  readonly input: ReplaceInput;
  /** Of the new bytes, and of the former ones too, until the operation has ended. */
  readonly holder: string;
}

/** What the former publication would still serve; `null` without a limit. */
export type Left = PublicationTerms | "over" | null;

/** The wish behind terms that were given at some time. */
export const wishOf = ({ terms }: Pick<AttachmentRecord, "terms">): Pick<Former, "given" | "terms"> => {
  if (terms === undefined) return {};
  const { expiresAt: _given, ...wish } = terms;
  return { given: terms, terms: wish };
};
