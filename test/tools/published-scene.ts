// Image planes that come and go over one image, one catalog and one clock, as a gateway that is restarted.
import { afterEach, beforeEach, expect } from "vitest";
import {
  createTestImages,
  patternBytes,
  startTestPlane,
  type TestImages,
  type TestPlane,
  type TestPlaneOptions,
} from "./image-plane.ts";
import { ManualClock } from "./manual-clock.ts";
import { createMemoryPublications, type MemoryPublicationCatalog } from "./memory-publications.ts";

export interface PublishedScene {
  readonly images: TestImages;
  readonly catalog: MemoryPublicationCatalog;
  readonly clock: ManualClock;
  /** Of `bytes` where the test does not set another. */
  digest: string;
  readonly bytes: Buffer;
  start(options?: Partial<TestPlaneOptions>): Promise<TestPlane>;
  stop(plane: TestPlane): Promise<void>;
}

const bytes = patternBytes(100_000);

/** Made anew for each test of the file that calls it; after each nothing may run or sleep any more. */
export const useScene = (): PublishedScene => {
  const planes: TestPlane[] = [];
  const scene = {
    bytes,
    start: async (options: Partial<TestPlaneOptions> = {}) => {
      const { images, catalog, clock } = scene;
      const plane = await startTestPlane({ images, catalog, clock, ...options });
      planes.push(plane);
      return plane;
    },
    stop: async (plane: TestPlane) => {
      planes.splice(planes.indexOf(plane), 1);
      await plane.close();
    },
  } as { -readonly [K in keyof PublishedScene]: PublishedScene[K] };
  beforeEach(async () => {
    scene.images = await createTestImages();
    scene.catalog = createMemoryPublications();
    scene.clock = new ManualClock();
    scene.digest = await scene.images.add(bytes);
  });
  afterEach(async () => {
    await Promise.all(planes.splice(0).map((plane) => plane.close()));
    expect(scene.clock.sleeping).toBe(0);
    await scene.images.close();
  });
  return scene;
};

export const pathOf = (url: string): string => new URL(url).pathname;
