// The size below which the pieces of a body are no transfer. A piece costs the process about as much as a kilobyte does, so an origin that
// cuts its body into chunks of one byte (RFC 9112 §7.1), or into TLS records of one, would keep it busy with next to nothing.
import type { Readable } from "node:stream";

/** A small body may come as it likes. */
const gracePieces = 20_000;
/** On average. Lines of base64, the smallest pieces that are seen in earnest, are longer. */
export const leastPieceBytes = 64;

/** Tells once that what comes into `body` from now on comes in pieces that are too small. */
export const watchPieces = (body: Readable, onTooSmall: () => void): void => {
  let pieces = 0;
  let bytes = 0;
  const push = body.push.bind(body);
  // Whoever reads gets many pieces as one: here alone they are still apart.
  body.push = (piece: unknown, encoding) => {
    if (piece instanceof Uint8Array) {
      pieces += 1;
      bytes += piece.byteLength;
      if (pieces > gracePieces && bytes < pieces * leastPieceBytes) {
        body.push = push;
        onTooSmall();
      }
    }
    return push(piece, encoding);
  };
};
