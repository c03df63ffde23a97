// The in-memory catalog of the tests keeps what the real one promises.
import { publicationCatalogContract } from "../contract/publication-catalog.ts";
import { createMemoryPublications } from "../tools/memory-publications.ts";

publicationCatalogContract("in memory", async () => {
  const catalog = createMemoryPublications();
  return { catalog, reopen: () => Promise.resolve(catalog), close: () => Promise.resolve() };
});
