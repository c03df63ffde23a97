import { imageCatalogContract } from "../contract/image-catalog.ts";
import { createMemoryImageCatalog } from "../tools/memory-image-catalog.ts";

imageCatalogContract("memory", async () => ({ catalog: createMemoryImageCatalog(), close: async () => undefined }));
