// Opened chunks of images that are too large to stay in memory whole: a BMC reads blocks of a few KiB, mostly one after the other, and
// many read the same image. One budget for all images, in slots that are used again and again: chunks in memory of their own would
// cost the garbage collector more than opening them. What was used since it was last looked at gets a second chance.

/** A chunk in memory. Its bytes stay as they are until it is given back as often as it was taken. */
export interface Slot {
  readonly bytes: Buffer;
  giveBack(): void;
}

/** One image's share of the cache. */
export interface Chunks {
  /** Taken, when it is there. */
  take(index: number): Slot | undefined;
  /** Taken, and kept when there is room. @param fill writes the chunk; what it throws passes, and nothing is kept */
  put(index: number, bytes: number, fill: (target: Buffer) => void): Slot;
  /** Taken, but not kept: memory that is used again at once is nearer to the processor. */
  pass(bytes: number, fill: (target: Buffer) => void): Slot;
  /** Overwrites and forgets all of this image's; what is taken, as soon as it is given back. Nothing is put after it. */
  clear(): void;
}

export interface ChunkCache {
  forImage(): Chunks;
  readonly budgetBytes: number;
  /** For tests: slots that were made so far, and those that are taken just now. */
  readonly slots: number;
  readonly taken: number;
}

/** In use there are at most as many as connections. */
const mostSpare = 16;

class CacheSlot implements Slot {
  readonly memory: Buffer;
  bytes: Buffer;
  index = 0;
  owner: Map<number, CacheSlot> | undefined;
  users = 0;
  used = false;

  constructor(slotBytes: number) {
    this.memory = Buffer.allocUnsafeSlow(slotBytes);
    this.bytes = this.memory;
  }

  assign(owner: Map<number, CacheSlot>, index: number, bytes: Buffer): void {
    this.bytes = bytes;
    this.index = index;
    this.owner = owner;
    this.used = false;
    owner.set(index, this);
  }

  /** The image it was of wants it no more. */
  leave(): void {
    this.owner?.delete(this.index);
    this.owner = undefined;
  }

  giveBack(): void {
    this.users -= 1;
    if (this.users === 0 && this.owner === undefined) this.memory.fill(0);
  }

  wipe(): void {
    this.leave();
    if (this.users === 0) this.memory.fill(0);
  }
}

class SlotCache implements ChunkCache {
  readonly budgetBytes: number;
  readonly #slotBytes: number;
  readonly #mostSlots: number;
  /** The first is looked at next. */
  readonly #queue = new Set<CacheSlot>();
  /** For what passes. */
  readonly #spare: Buffer[] = [];

  constructor(budgetBytes: number, slotBytes: number) {
    this.budgetBytes = budgetBytes;
    this.#slotBytes = slotBytes;
    this.#mostSlots = Math.floor(budgetBytes / slotBytes);
  }

  get slots(): number {
    return this.#queue.size;
  }

  get taken(): number {
    return [...this.#queue].filter(({ users }) => users > 0).length;
  }

  forImage(): Chunks {
    const own = new Map<number, CacheSlot>();
    let isCleared = false;
    const pass = (bytes: number, fill: (target: Buffer) => void): Slot => this.#pass(bytes, fill, () => isCleared);
    const take = (slot: CacheSlot): Slot => {
      slot.users += 1;
      slot.used = true;
      return slot;
    };
    return {
      take: (index) => {
        const slot = own.get(index);
        return slot && take(slot);
      },
      put: (index, bytes, fill) => {
        const slot = bytes <= this.#slotBytes ? this.#free() : undefined;
        if (slot === undefined) return pass(bytes, fill);
        const target = slot.memory.subarray(0, bytes);
        fill(target);
        slot.assign(own, index, target);
        return take(slot);
      },
      pass,
      clear: () => {
        isCleared = true;
        for (const slot of own.values()) slot.wipe();
        for (const memory of this.#spare) memory.fill(0);
      },
    };
  }

  #pass(bytes: number, fill: (target: Buffer) => void, isCleared: () => boolean): Slot {
    const memory =
      (bytes <= this.#slotBytes ? this.#spare.pop() : undefined) ??
      Buffer.allocUnsafeSlow(Math.max(bytes, this.#slotBytes));
    const target = memory.subarray(0, bytes);
    fill(target);
    const giveBack = (): void => {
      const isSpare = this.#spare.length < mostSpare && memory.length === this.#slotBytes;
      if (!isSpare || isCleared()) memory.fill(0);
      if (isSpare) this.#spare.push(memory);
    };
    return { bytes: target, giveBack };
  }

  /** Undefined when every slot is taken. */
  #free(): CacheSlot | undefined {
    if (this.#queue.size < this.#mostSlots) {
      const slot = new CacheSlot(this.#slotBytes);
      this.#queue.add(slot);
      return slot;
    }
    // Whoever comes by a second time has lost its second chance.
    let left = 2 * this.#queue.size;
    for (const slot of this.#queue) {
      if (left === 0) return undefined;
      left -= 1;
      this.#queue.delete(slot);
      this.#queue.add(slot);
      if (slot.users === 0 && !slot.used) {
        slot.leave();
        return slot;
      }
      slot.used = false;
    }
    return undefined;
  }
}

export const createChunkCache = (budgetBytes: number, slotBytes: number): ChunkCache =>
  new SlotCache(budgetBytes, slotBytes);
