// A config drive as a request brings it, and what we see in an image of one. The keys are Ironic's (API microversion 1.56, `vendor_data`
// 1.59); the layouts are those of cloud-init's data sources ConfigDrive and NoCloud.
import type { Json } from "./driver.ts";
import type { ByteRange } from "./records.ts";
import type { DriveLayout, ImageFormat } from "./vocabulary.ts";

type JsonObject = Readonly<Record<string, Json>>;

export interface DriveContent {
  readonly meta_data?: JsonObject;
  readonly network_data?: JsonObject;
  /** Text is written as it is, an object or a list as JSON. */
  readonly user_data?: Json;
  readonly vendor_data?: JsonObject;
}

export interface DriveRequest {
  readonly content: DriveContent;
  /** Default `openstack`. */
  readonly layout?: DriveLayout;
  /** With the `ec2/` tree beside `openstack/`. Default false. */
  readonly ec2?: boolean;
}

/** A file inside an image, and where its bytes lie in it: in order, together `sizeBytes` long. */
export interface ImageFile {
  /** `/` between names, none in front. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly extents: readonly ByteRange[];
}

/** What the same tree can be given as. */
export interface ImageForm {
  readonly format: ImageFormat;
  readonly sizeBytes: number;
  /** The bytes as they are stored. */
  readonly stored: boolean;
}

/** Why the same tree cannot be given as this: a sentence for people, naming what is in the way. */
export interface UnfitForm {
  readonly format: ImageFormat;
  readonly why: string;
}

/** What a look into a stored image shows; nothing of the files' contents but what is named here. */
export interface ImageLook {
  readonly files: readonly ImageFile[];
  /** Of the links in network_data: lower case, colons. */
  readonly macAddresses: readonly string[];
  /** What would keep cloud-init from finding or using it, for people. */
  readonly warnings: readonly string[];
  /** The stored one first. */
  readonly forms: readonly ImageForm[];
  readonly unfit: readonly UnfitForm[];
}

/** Of a file whose content is not shown. */
export interface DataSummary {
  readonly name: string;
  readonly sizeBytes: number;
  /** By its header, for people. */
  readonly kind: string;
}

/** All that may be shown of an image to whoever asks what is in it; secrets are masked. */
export interface ImageInspection {
  /** SHA-256 of the image, without its wrapping. */
  readonly digest: string;
  readonly format: ImageFormat;
  readonly label?: string;
  readonly sizeBytes: number;
  readonly sectorBytes: number;
  /** Absent where there is nothing that cloud-init would take for a config drive. */
  readonly layout?: DriveLayout;
  /** Of the layout `openstack`: that in which the documents below lie, which is the one that cloud-init reads. */
  readonly folder?: string;
  readonly entries: readonly {
    readonly kind: "file" | "directory";
    readonly path: string;
    readonly sizeBytes: number;
  }[];
  /** `null` also for one that cannot be parsed. */
  readonly metaData?: Json;
  readonly networkData?: Json;
  readonly userData?: DataSummary;
  readonly vendorData: readonly DataSummary[];
  readonly macAddresses: readonly string[];
  readonly forms: readonly ImageForm[];
  readonly unfit: readonly UnfitForm[];
  readonly warnings: readonly string[];
}

/** What the command line gives to be looked into. */
export type InspectSource =
  | { readonly kind: "uri"; readonly uri: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "stream"; readonly bytes: AsyncIterable<Uint8Array | string> };

/** What the command line gives to be built. Documents as they were read: JSON, or YAML. */
export interface DriveOrder {
  readonly documents:
    | { readonly whole: Uint8Array }
    | {
        readonly metaData?: Uint8Array;
        readonly networkData?: Uint8Array;
        /** As it is to be in the drive. */
        readonly userData?: Uint8Array;
        readonly vendorData?: Uint8Array;
      };
  readonly layout: DriveLayout;
  readonly ec2: boolean;
  readonly format: ImageFormat;
  /** Default that by which cloud-init finds the layout. */
  readonly label?: string;
  /** FAT: exactly so large; ISO 9660: no larger. */
  readonly sizeBytes?: number;
  /** Of FAT. */
  readonly sectorBytes?: 512 | 4096;
}

export interface BuiltImage {
  readonly image: Uint8Array;
  readonly format: ImageFormat;
  readonly label: string;
  /** SHA-256 of the image. */
  readonly digest: string;
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
  readonly warnings: readonly string[];
}
