// Faults as people write them on a command line: `NAME[:option=value,…]`, where to hit and what else differs from the plain fault.
import type { Fault } from "../http/faults.ts";
import { type FaultName, faultNamed, faultNames, isFaultName } from "./fault-names.ts";

/** Absent `fault`: it is the port's, and not one exchange's. */
export interface WrittenFault {
  readonly name: FaultName;
  readonly fault?: Fault;
}

/** What was written is no fault; the message says why. */
export class FaultTextError extends Error {
  override readonly name = "FaultTextError";
}

type Value = string | number | RegExp;

const wholeNumber = (name: string, text: string): number => {
  if (!/^\d{1,10}$/u.test(text)) throw new FaultTextError(`${name} is a whole number`);
  return Number(text);
};

const pattern = (name: string, text: string): RegExp => {
  try {
    return new RegExp(text, "u");
  } catch (error) {
    if (error instanceof SyntaxError) throw new FaultTextError(`${name} is a regular expression`, { cause: error });
    throw error;
  }
};

/** Where a fault hits: the same for all. */
const places: Readonly<Record<string, (name: string, text: string) => Value>> = {
  method: (_name, text) => text.toUpperCase(),
  path: pattern,
  count: wholeNumber,
  skip: wholeNumber,
};

const moments = ["before", "after"];

const readOption = (plain: Readonly<Record<string, unknown>>, name: string, text: string): Value => {
  const place = Object.hasOwn(places, name) ? places[name] : undefined;
  if (place !== undefined) return place(name, text);
  const value = name === "kind" || !Object.hasOwn(plain, name) ? undefined : plain[name];
  if (typeof value === "number") return wholeNumber(name, text);
  if (name === "when" && !moments.includes(text)) throw new FaultTextError(`when is ${moments.join(" or ")}`);
  if (typeof value === "string") return text;
  const own = Object.keys(plain).filter((key) => key !== "kind" && !Object.hasOwn(places, key));
  throw new FaultTextError(`its options are ${[...own, ...Object.keys(places)].join(", ")}, as option=value`);
};

const withOptions = (plain: Fault, text: string): Fault => {
  const given = text.split(",").map((pair) => {
    const [, name = "", value = ""] = /^([A-Za-z]+)=(.+)$/su.exec(pair) ?? [];
    return [name, readOption({ ...plain }, name, value)] as const;
  });
  return { ...plain, ...Object.fromEntries(given) };
};

/** @throws FaultTextError */
export const parseFault = (text: string): WrittenFault => {
  const [, name = "", options = ""] = /^([^:]*):?(.*)$/su.exec(text) ?? [];
  if (!isFaultName(name)) throw new FaultTextError(`There is no such fault. There are: ${faultNames.join(", ")}.`);
  const plain = faultNamed(name);
  try {
    if (plain !== undefined) return { name, fault: options === "" ? plain : withOptions(plain, options) };
    if (options !== "") throw new FaultTextError("it takes no options");
    return { name };
  } catch (error) {
    if (!(error instanceof FaultTextError)) throw error;
    throw new FaultTextError(`The fault ${name} is not written well: ${error.message}.`, { cause: error });
  }
};
