// What YAML 1.1 takes a plain scalar for, as cloud-init's parser does (PyYAML, resolver.py; https://yaml.org/type/). We read YAML 1.2 (core).
import { isScalar, type Scalar } from "yaml";
import { isMac } from "../mac-address.ts";

const truths = /^(?:yes|Yes|YES|on|On|ON|true|True|TRUE)$/;
const untruths = /^(?:no|No|NO|off|Off|OFF|false|False|FALSE)$/;

/** Hours, minutes and seconds to it, and to us a MAC address of small decimal digits. */
const inBase60 = /^[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+$/;

const numbers = [
  inBase60,
  /^[-+]?(?:0b[0-1_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)$/,
  /^[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?$/,
  /^\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?$/,
  /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/,
  /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
] as const;

/** Dates, a merge of mappings, and a value of no type that it knows. */
const others = [
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/,
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?$/,
  /^(?:<<|=)$/,
] as const;

type Kind = "null" | "boolean" | "number" | "other" | "string";

const kindOf = (text: string): Kind => {
  if (/^(?:~|null|Null|NULL)?$/.test(text)) return "null";
  if (truths.test(text) || untruths.test(text)) return "boolean";
  if (numbers.some((pattern) => pattern.test(text))) return "number";
  return others.some((pattern) => pattern.test(text)) ? "other" : "string";
};

/** A scalar over several lines is folded only in its value. */
const textOf = ({ value, source = "" }: Scalar): string => (typeof value === "string" ? value : source);

/** Where both take it for a number, it is the same one, or begins with zeros; but not every number is written as one that both take for it. */
const isSameNumber = (value: unknown): boolean =>
  typeof value === "number" &&
  kindOf(String(value)) === "number" &&
  (!Number.isInteger(value) || Number.isSafeInteger(value));

/** Whether both read it as the same: what is quoted they do, but most tags are known to one alone. */
export const meansTheSame = (scalar: Scalar): boolean => {
  const { value, type, tag } = scalar;
  if (tag !== undefined) return tag === "tag:yaml.org,2002:str";
  if (type !== "PLAIN") return true;
  const kind = kindOf(textOf(scalar));
  if (kind === "number") return isSameNumber(value);
  return kind === (value === null ? "null" : typeof value);
};

/** Octal to the older, decimal to the newer, and meant as text by whoever wrote it. */
export const beginsWithZeros = ({ value, source = "" }: Scalar): boolean =>
  typeof value === "number" && /^[-+]?0\d/.test(source);

/** What `yes`, `no`, `on` and `off` mean to the older, and undefined for what is none of them. */
export const truthOf = ({ value, type, tag }: Scalar): boolean | undefined => {
  if (typeof value !== "string" || type !== "PLAIN" || tag !== undefined) return undefined;
  return truths.test(value) ? true : untruths.test(value) ? false : undefined;
};

/** cloud-init takes it for a number. */
export const isMacInBase60 = (node: unknown): boolean =>
  isScalar(node) &&
  node.type === "PLAIN" &&
  node.tag === undefined &&
  typeof node.value === "string" &&
  isMac(node.value) &&
  inBase60.test(node.value);
