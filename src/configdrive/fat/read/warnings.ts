// What was tolerated or left out, for people; a hostile image does not get to say more than they would read.
import { cutPath } from "../../tree.ts";

const mostWarnings = 100;

export interface Warnings {
  readonly add: (path: string, what: string) => void;
  readonly addText: (text: string) => void;
  readonly list: () => readonly string[];
}

export const collectWarnings = (): Warnings => {
  const texts: string[] = [];
  let more = 0;
  const addText = (text: string): void => {
    if (texts.length < mostWarnings) texts.push(text);
    else more += 1;
  };
  return {
    add: (path, what) => addText(`${JSON.stringify(path === "" ? "/" : cutPath(path))} ${what}.`),
    addText,
    list: () => (more === 0 ? texts : [...texts, `There are ${more} more warnings.`]),
  };
};
