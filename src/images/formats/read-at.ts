// Random access to the bytes of an image, for those who look inside.

/** Up to `length` bytes from `offset`; fewer only at the end. */
export type ReadAt = (offset: number, length: number) => Promise<Buffer>;
