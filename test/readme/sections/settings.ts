// Every setting, as its schema describes it.
import { renderReference } from "../../../src/settings/tree.ts";

export const render = (): string => renderReference();
