// What is refused in an operator's own YAML, which is written to a drive as JSON: whatever would silently become something else there.
import { type Document, isAlias, isScalar, type Pair, type Scalar, visit, type YAMLMap } from "yaml";
import { beginsWithZeros, meansTheSame, truthOf } from "./older-yaml.ts";

interface Fault {
  readonly offset: number;
  readonly told: (line: number) => string;
}

const zeros = (line: number): string =>
  `has a number that begins with zeros in line ${line}: give it as text, in quotation marks`;
const ambiguous = (line: number): string =>
  `has a value or key in line ${line} that YAML 1.1, which cloud-init reads, takes for another than YAML 1.2 does: ` +
  "put text in quotation marks, and write true or false for yes or no";
const twice = (line: number): string => `names a key a second time in line ${line}: only one of them would count`;

/** Of the document's text, from 1 on. */
export const lineAt = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;

const startOf = ({ range }: { readonly range?: readonly number[] | null | undefined }): number => range?.[0] ?? 0;

const scalarFault = (scalar: Scalar): Fault | undefined => {
  const told = beginsWithZeros(scalar) ? zeros : meansTheSame(scalar) ? undefined : ambiguous;
  return told && { offset: startOf(scalar), told };
};

/** In JSON, where every key is text. */
const repeatedKey = ({ items }: YAMLMap, document: Document): Fault | undefined => {
  const seen = new Set<string>();
  for (const { key } of items as readonly Pair[]) {
    const named = isAlias(key) ? key.resolve(document) : key;
    if (!isScalar(named)) continue;
    const name = typeof named.value === "string" ? named.value : JSON.stringify(named.value);
    if (seen.has(name)) return { offset: startOf(isAlias(key) ? key : named), told: twice };
    seen.add(name);
  }
  return undefined;
};

/**
 * The end of a sentence for people, without a word of the document's own.
 * @param takesYesAndNo as what they are to cloud-init: as values they become true and false here, in the document
 */
export const ownYamlFault = (text: string, document: Document, takesYesAndNo: boolean): string | undefined => {
  let fault: Fault | undefined;
  const stopAt = (found: Fault | undefined): symbol | undefined => {
    fault = found;
    return found && visit.BREAK;
  };
  visit(document, {
    Map: (_key, map) => stopAt(repeatedKey(map, document)),
    Scalar: (key, scalar) => {
      const truth = takesYesAndNo && key !== "key" ? truthOf(scalar) : undefined;
      if (truth === undefined) return stopAt(scalarFault(scalar));
      scalar.value = truth;
      return undefined;
    },
  });
  return fault?.told(lineAt(text, fault.offset));
};
