// What every image source promises, whatever its scheme. Called with each scheme that opens something.
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SourceCredential } from "../../src/core/source-credentials.ts";
import type { SourceScheme, Transfer, TransferContext } from "../../src/images/sources/source.ts";

export interface SourceUnderTest {
  readonly scheme: SourceScheme;
  /** For all references. */
  readonly credential?: SourceCredential;
  /** References that give exactly `bytes`, several MiB of them. */
  readonly reference: string;
  readonly bytes: Uint8Array;
  /** References that `check` refuses, with the code. */
  readonly refused: readonly (readonly [reference: string, code: string])[];
  /** A reference that gives no bytes, with the code. */
  readonly missing: readonly [reference: string, code: string];
  /** A text inside the references above that no error may repeat. */
  readonly secret: string;
  close(): Promise<void>;
}

const contextOf = (changes: Partial<TransferContext> = {}): TransferContext => ({
  signal: new AbortController().signal,
  admit: () => undefined,
  onProgress: () => undefined,
  ...changes,
});

const errorOf = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
};

export const sourceContract = (name: string, create: () => Promise<SourceUnderTest>): void => {
  describe(`the source ${name}`, () => {
    let under: SourceUnderTest;
    beforeEach(async () => {
      under = await create();
    });
    afterEach(() => under.close());

    const open = (reference = under.reference, context = contextOf()): Transfer => {
      const { credential } = under;
      const transfer = under.scheme.open?.(reference, { ...context, ...(credential && { credential }) });
      if (transfer === undefined) throw new Error("the scheme opens nothing");
      return transfer;
    };
    const read = (reference: string, context = contextOf()): Promise<Buffer> => buffer(open(reference, context).read());

    it("gives the bytes as they are, and again when it is begun again", async () => {
      under.scheme.check(under.reference);
      const transfer = open();
      for (let turn = 0; turn < 2; turn += 1) {
        const bytes = await buffer(transfer.read());
        expect(bytes.equals(under.bytes)).toBe(true);
      }
    });

    it("comes in pieces", async () => {
      let largestBytes = 0;
      for await (const chunk of open().read()) largestBytes = Math.max(largestBytes, chunk.byteLength);
      expect(largestBytes).toBeGreaterThan(0);
      expect(largestBytes).toBeLessThanOrEqual(1024 ** 2);
    });

    it("tells its progress up to the end", async () => {
      const seen: (readonly [number, number | undefined])[] = [];
      await read(under.reference, contextOf({ onProgress: (received, total) => void seen.push([received, total]) }));
      expect(seen.at(-1)).toEqual([under.bytes.byteLength, under.bytes.byteLength]);
      expect(seen.map(([received]) => received)).toEqual(seen.map(([received]) => received).toSorted((a, b) => a - b));
    });

    it("asks for admission before the first byte", async () => {
      const refusal = new Error("too long");
      const events: string[] = [];
      const context = contextOf({
        admit: (totalBytes) => {
          expect(totalBytes).toBe(under.bytes.byteLength);
          events.push("admit");
          throw refusal;
        },
        onProgress: () => void events.push("bytes"),
      });
      await expect(read(under.reference, context)).rejects.toBe(refusal);
      expect(events).toEqual(["admit"]);
    });

    it("stops when it is aborted, with the reason", async () => {
      const controller = new AbortController();
      const reason = new Error("enough");
      const started = open(under.reference, contextOf({ signal: controller.signal })).read();
      await started.next();
      controller.abort(reason);
      const rest = async (): Promise<void> => {
        for await (const chunk of started) expect(chunk.byteLength).toBeGreaterThan(0);
      };
      await expect(rest()).rejects.toBe(reason);
      await expect(read(under.reference, contextOf({ signal: controller.signal }))).rejects.toBe(reason);
    });

    it("lets go when its reader stops", async () => {
      for await (const chunk of open().read()) {
        expect(chunk.byteLength).toBeGreaterThan(0);
        break;
      }
    });

    it("has one key for one reference, and another for another", () => {
      expect(under.scheme.key(under.reference)).toBe(under.scheme.key(under.reference));
      expect(under.scheme.key(under.missing[0])).not.toBe(under.scheme.key(under.reference));
    });

    it("refuses what it can refuse without looking", () => {
      expect(under.refused.length).toBeGreaterThan(0);
      for (const [reference, code] of under.refused) {
        const error = errorOf(() => under.scheme.check(reference));
        expect({ reference, error }).toMatchObject({ reference, error: { code } });
        expect(JSON.stringify([error, String(error)])).not.toContain(under.secret);
      }
    });

    it("names why there are no bytes, and no secret with it", async () => {
      const [reference, code] = under.missing;
      const error: unknown = await read(reference).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code });
      expect(JSON.stringify([error, String(error)])).not.toContain(under.secret);
    });
  });
};
