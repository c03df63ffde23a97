export type { ReadAt } from "../../configdrive/tree.ts";
