// What a protocol must offer. An absent member is the capability flag: a session without `media` cannot do media.
import type { MediaForesight, MediaRules, UrlRules } from "./media.ts";
import type {
  BootEnabled,
  BootMode,
  BootTarget,
  Destructive,
  MediaType,
  PowerState,
  ProtocolName,
  ResetType,
  TlsLevel,
  TlsMode,
} from "./vocabulary.ts";

/** How far we trust the BMC's certificate. `ca` is PEM; `fingerprint` is SHA-256, 64 hexadecimal digits, colons allowed. */
export interface TlsPolicy {
  readonly mode: TlsMode;
  readonly level: TlsLevel;
  readonly ca?: string;
  readonly fingerprint?: string;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** An endpoint with its credentials unsealed: lives only in memory, for one session. */
export interface Endpoint {
  readonly protocol: ProtocolName | "auto";
  /** `https://host[:port]`, or `http://…`; a bare host means https. */
  readonly address: string;
  readonly credentials?: Credentials;
  readonly tls: TlsPolicy;
  /** Which system behind a BMC that serves several: its Id, Name, UUID or SerialNumber. */
  readonly system?: string;
}

/** Who a BMC says it is. Every field is the BMC's own text; absent means it did not say. */
export interface Identity {
  readonly protocol: ProtocolName;
  readonly vendor?: string;
  readonly product?: string;
  readonly protocolVersion?: string;
  readonly oem: readonly string[];
  readonly managerModel?: string;
  readonly firmwareVersion?: string;
  readonly systemManufacturer?: string;
  readonly systemModel?: string;
  readonly systemId?: string;
  readonly uuid?: string;
  readonly serialNumber?: string;
}

/** A virtual-media device of a BMC as it was last seen. */
export interface Slot {
  readonly id: string;
  readonly mediaTypes: readonly MediaType[];
  /** A URL-capable slot; false for KVM-only and upload-only ones. */
  readonly urlCapable: boolean;
  /** Undefined when it was not read in this session and is only remembered. */
  readonly state?: SlotState;
}

export interface SlotState {
  readonly inserted: boolean;
  /** The URL the BMC shows, as it shows it. Absent when empty or not echoed. */
  readonly image?: string;
  readonly imageName?: string;
  readonly writeProtected?: boolean;
  readonly connectedVia?: string;
  /** The BMC shows nothing of its media: this is what it accepted, and nothing has confirmed it. */
  readonly unverified?: true;
}

/** What is to be inserted: a URL that this BMC can read. */
export interface Medium {
  readonly url: string;
  readonly mediaType: MediaType;
  readonly sizeBytes: number;
  /** PEM of the CA behind an https URL, for a BMC that takes one. */
  readonly ca?: string;
}

/** `enabled: "Disabled"` means no override is active, whatever `target` says. */
export interface BootOverride {
  readonly target: BootTarget;
  readonly enabled: BootEnabled;
  readonly mode?: BootMode;
}

export interface MediaDriver extends MediaForesight {
  readonly rules?: MediaRules;
  /** What the slot takes as a URL; absent means http, then https. May cost one request the first time. */
  urlRules?(slotId: string): Promise<UrlRules>;
  /**
   * Makes the BMC ready for media, where it must be told first; the slots may be others afterwards. Changes the BMC. Done once and
   * remembered; `again` repeats it. Answers the number of requests it took.
   */
  prepare?(options?: { readonly again?: boolean }): Promise<number>;
  /**
   * The slots of the machine. With `fresh: false` (the default) remembered slots may be answered without `state`
   * and without a request; with `fresh: true` each has a `state` read now.
   */
  slots(options?: { readonly fresh?: boolean }): Promise<readonly Slot[]>;
  /** Reads one slot now. */
  slot(id: string): Promise<Slot>;
  /**
   * Inserts and resolves only when the BMC's own state says so. If a slot's state was read in this session and holds exactly
   * `medium.url`, nothing is sent. Never ejects a medium.
   * @throws MediabayError SLOT_OCCUPIED, UNSUPPORTED_BY_BMC, BMC_INCONSISTENT (accepted but never shown) and the transport codes;
   * with `nextSlot: true` in its context where another slot may take what this one refuses
   */
  insert(slotId: string, medium: Medium): Promise<SlotState>;
  /** Ejects whatever the slot holds; an empty slot is success. Resolves when the BMC says empty. */
  eject(slotId: string): Promise<SlotState>;
}

export interface BootDriver {
  /** True where the BMC forgets an override before the host boots: whoever wants it sets it again right before each power-on. */
  readonly rearm?: boolean;
  override(): Promise<BootOverride>;
  /** Boot targets the BMC allows; empty when it does not say. */
  targets(): Promise<readonly BootTarget[]>;
  /** The target of this BMC that boots the given kind of virtual medium (`Cd`, `Usb`, `UsbCd`, `Floppy`). */
  targetFor(mediaType: MediaType): Promise<BootTarget>;
  /** Sets, reads back, and answers what the read-back showed, not what was asked. A Continuous that is not to be had becomes Once. */
  setOverride(wanted: BootOverride): Promise<BootOverride>;
}

export interface PowerDriver {
  state(): Promise<PowerState>;
  /** When the machine was last reset or switched on, in epoch milliseconds by the BMC's clock; undefined where it does not say. */
  lastResetAt?(): Promise<number | undefined>;
  /** Reset types the BMC allows; empty when it does not say. */
  resetTypes(): Promise<readonly ResetType[]>;
  reset(type: ResetType): Promise<void>;
}

/** What the BMC knows of the machine's parts. */
export interface InventoryDriver {
  /** Of the host's network ports: lower case, colons. Empty where the BMC does not say. Remembered once they were asked for. */
  macAddresses(): Promise<readonly string[]>;
}

/** A resource as the BMC answered it, whatever the status. */
export interface ResourceAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Absent when it is no JSON object. */
  readonly body?: { readonly [key: string]: Json };
}

/** One conversation with one BMC. Close it: sessions are few. */
export interface Session {
  readonly identity: Identity;
  readonly media?: MediaDriver;
  readonly boot?: BootDriver;
  readonly power?: PowerDriver;
  readonly inventory?: InventoryDriver;
  /** Reads one resource by its path, for a recording; absent where the protocol has none. @throws MediabayError the transport codes */
  read?(path: string): Promise<ResourceAnswer>;
  /** What was learnt and may be handed to the next `open` of this machine: plain JSON, no secrets. */
  memory(): Json;
  /** Requests sent so far in this session, for evidence and for tests. */
  readonly exchanges: number;
  close(): Promise<void>;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One request to a BMC and its answer, for the log (debug) and the metrics. Paths and codes only; never a body. */
export interface Exchange {
  readonly protocol: ProtocolName;
  readonly method: string;
  readonly path: string;
  readonly status?: number;
  readonly error?: string;
  readonly durationMs: number;
}

/** Time, passed in: nothing in src/ sleeps or reads a clock by itself. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds, never going backwards. */
  monotonic(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** What a driver is given with each session. */
export interface DriverContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Destructive steps that the operator allows; absent means none. */
  readonly allow?: ReadonlySet<Destructive>;
  onExchange(exchange: Exchange): void;
  /** What an earlier session of this machine learnt. The driver validates and, when stale, ignores it. */
  readonly memory?: Json;
  /**
   * Sealed storage for a BMC session that is still open (its URI and token), so that a crash leaks none: `save` runs before
   * the session is used, `save(undefined)` after it is closed, and `left` is what a crashed predecessor left open.
   */
  readonly openSession?: {
    readonly left?: Json;
    /** Epoch milliseconds at which a predecessor may have begun a login whose answer it never stored. */
    readonly loginSince?: number;
    save(session: Json | undefined): Promise<void>;
  };
}

/** Raw profile data for one protocol, already merged: sections by name (redfish-quirks: auth, http, slots, …). */
export interface QuirkTable<Q> {
  /** The quirks of a BMC that needs none. */
  readonly defaults: Q;
  /** @throws MediabayError SETTINGS_INVALID naming the unknown or malformed quirk */
  parse(raw: Readonly<Record<string, unknown>>): Q;
}

/** A protocol: a folder of `src/drivers/`. `Q` is its table of quirks. */
export interface Protocol<Q = unknown> {
  readonly name: ProtocolName;
  readonly quirks: QuirkTable<Q>;
  /**
   * Does this endpoint speak our protocol, and who is it? Undefined when it answers but speaks something else.
   * @throws MediabayError BMC_UNREACHABLE, BMC_TLS, BMC_AUTHENTICATION, BMC_TIMEOUT, BMC_MALFORMED
   */
  identify(endpoint: Endpoint, context: DriverContext): Promise<Identity | undefined>;
  /**
   * Opens a session. `quirksFor` is asked once the identity is known (from memory or from the BMC), so that identification and
   * opening share their requests.
   */
  open(endpoint: Endpoint, quirksFor: (identity: Identity) => Q, context: DriverContext): Promise<Session>;
}
