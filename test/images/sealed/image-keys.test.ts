import { imageKeysContract } from "../../contract/image-keys.ts";
import { createMemoryImageKeys } from "../../tools/memory-image-keys.ts";

imageKeysContract("memory", async () => ({ keys: createMemoryImageKeys(), close: () => Promise.resolve() }));
