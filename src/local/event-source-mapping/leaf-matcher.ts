import ipaddr from "ipaddr.js";

import { MillraceError } from "../../errors.js";

/** A leaf of an event: what JSON holds that is neither object nor list. */
export type Leaf = string | number | boolean | null;

/** Whether a leaf satisfies one element of a pattern's list. */
export type LeafMatcher = (leaf: Leaf) => boolean;

/** A pattern that is none; Lambda's answer to it, with what is wrong behind. */
export function invalidPattern(why: string): MillraceError {
  return new MillraceError("configuration", `Invalid filter pattern definition. ${why}`);
}

/**
 * Compiles one element of a pattern's list, except `exists`: a value, or an object with one operator.
 *
 * Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 *
 * @throws `configuration` when it is not one.
 */
export function compileLeaf(element: unknown): LeafMatcher {
  if (isLeaf(element)) return equalTo(element);
  const [operator, argument] = onlyEntry(element);
  switch (operator) {
    case "prefix":
    case "suffix":
      return compileAffix(operator, argument);
    case "equals-ignore-case":
      return ignoringCase(requireText(operator, argument));
    case "wildcard":
      return compileWildcard(requireText(operator, argument));
    case "numeric":
      return compileNumeric(argument);
    case "cidr":
      return compileCidr(requireText(operator, argument));
    case "anything-but":
      return compileAnythingBut(argument);
    default:
      throw invalidPattern(`Unrecognized match type ${operator}`);
  }
}

/** Whether a value of JSON is a leaf. */
export function isLeaf(value: unknown): value is Leaf {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

/** The one operator of an object, and its argument. */
export function onlyEntry(element: unknown): readonly [string, unknown] {
  if (typeof element !== "object" || element === null || Array.isArray(element)) {
    throw invalidPattern(`${JSON.stringify(element)} is neither a value nor an operator`);
  }
  const entries = Object.entries(element);
  const [entry] = entries;
  if (entry !== undefined && entries.length === 1) return entry;
  throw invalidPattern(
    `an operator stands alone in its object, here are ${JSON.stringify(Object.keys(element))}`,
  );
}

function equalTo(expected: Leaf): LeafMatcher {
  return (leaf) => leaf === expected;
}

function requireText(operator: string, argument: unknown): string {
  if (typeof argument === "string") return argument;
  throw invalidPattern(
    `${operator} match pattern must be a string, not ${JSON.stringify(argument)}`,
  );
}

function ofText(matches: (text: string) => boolean): LeafMatcher {
  return (leaf) => typeof leaf === "string" && matches(leaf);
}

function ignoringCase(expected: string): LeafMatcher {
  const lower = expected.toLowerCase();
  return ofText((text) => text.toLowerCase() === lower);
}

function compileAffix(operator: "prefix" | "suffix", argument: unknown): LeafMatcher {
  const ignoresCase = typeof argument === "object" && argument !== null;
  const [inner, value] = ignoresCase ? onlyEntry(argument) : ["", argument];
  if (ignoresCase && inner !== "equals-ignore-case")
    throw invalidPattern(`Unsupported ${operator} operator ${inner}`);
  const expected = requireText(ignoresCase ? inner : operator, value);
  const fold = (text: string) => (ignoresCase ? text.toLowerCase() : text);
  const affix = fold(expected);
  return ofText((text) =>
    operator === "prefix" ? fold(text).startsWith(affix) : fold(text).endsWith(affix),
  );
}

/** `*` stands for any characters; `\*` and `\\` for themselves. */
function compileWildcard(pattern: string): LeafMatcher {
  let source = "";
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern.charAt(i);
    if (character === "*") {
      if (pattern[i + 1] === "*")
        throw invalidPattern(`Consecutive wildcard characters at pos ${i}`);
      source += "[^]*";
    } else if (character === "\\") {
      const escaped = pattern.charAt(++i);
      if (escaped !== "*" && escaped !== "\\")
        throw invalidPattern(`Invalid escape character at pos ${i - 1}`);
      source += `\\${escaped}`;
    } else {
      source += character.replace(/[.+?^${}()|[\]/]/g, "\\$&");
    }
  }
  const expression = new RegExp(`^${source}$`);
  return ofText((text) => expression.test(text));
}

const COMPARISONS: Readonly<Record<string, (leaf: number, bound: number) => boolean>> = {
  "=": (leaf, bound) => leaf === bound,
  "<": (leaf, bound) => leaf < bound,
  "<=": (leaf, bound) => leaf <= bound,
  ">": (leaf, bound) => leaf > bound,
  ">=": (leaf, bound) => leaf >= bound,
};

/** One comparison, or a lower bound and an upper one. */
function compileNumeric(argument: unknown): LeafMatcher {
  if (!Array.isArray(argument) || (argument.length !== 2 && argument.length !== 4)) {
    throw invalidPattern(`Invalid member in numeric match: ${JSON.stringify(argument)}`);
  }
  const parts = argument as unknown[];
  const tests: ((leaf: number) => boolean)[] = [];
  for (let i = 0; i < parts.length; i += 2) {
    const [operator, bound] = [parts[i], parts[i + 1]];
    const compare = COMPARISONS[operator as string];
    if (compare === undefined || typeof bound !== "number" || Math.abs(bound) > 5e9) {
      throw invalidPattern(`Bad numeric range: ${JSON.stringify([operator, bound])}`);
    }
    tests.push((leaf) => compare(leaf, bound));
  }
  if (parts.length === 4) requireRange(parts);
  return (leaf) => typeof leaf === "number" && tests.every((test) => test(leaf));
}

function requireRange([first, low, second, high]: readonly unknown[]): void {
  const isRange =
    String(first).startsWith(">") &&
    String(second).startsWith("<") &&
    (low as number) < (high as number);
  if (!isRange)
    throw invalidPattern(
      `Bad numeric range operator: ${String(second)}; a range is a lower bound, then an upper`,
    );
}

function compileCidr(range: string): LeafMatcher {
  try {
    const [address, bits] = ipaddr.parseCIDR(range);
    return ofText((text) => {
      if (!ipaddr.isValid(text)) return false;
      const parsed = ipaddr.parse(text);
      return parsed.kind() === address.kind() && parsed.match(address, bits);
    });
  } catch {
    throw invalidPattern(`Malformed CIDR ${JSON.stringify(range)}`);
  }
}

const INNER_OPERATORS = ["prefix", "suffix", "equals-ignore-case", "wildcard"];

/** Matches whatever none of the arguments matches; a field that is missing is matched by nothing. */
function compileAnythingBut(argument: unknown): LeafMatcher {
  const excluded = typeof argument === "object" && argument !== null && !Array.isArray(argument);
  const matchers = excluded ? compileExcluded(argument) : compileExcludedValues(argument);
  return (leaf) => !matchers.some((matches) => matches(leaf));
}

function compileExcludedValues(argument: unknown): LeafMatcher[] {
  const values: unknown[] = Array.isArray(argument) ? argument : [argument];
  if (values.length === 0)
    throw invalidPattern("Value of anything-but must be an array or single string/number value.");
  return values.map((value) => {
    if (typeof value === "string" || typeof value === "number") return equalTo(value);
    throw invalidPattern("Value of anything-but must be an array or single string/number value.");
  });
}

function compileExcluded(argument: object): LeafMatcher[] {
  const [operator, value] = onlyEntry(argument);
  if (!INNER_OPERATORS.includes(operator))
    throw invalidPattern(`Unsupported anything-but pattern: ${operator}`);
  const values: unknown[] = Array.isArray(value) ? value : [value];
  if (values.length === 0) throw invalidPattern(`Empty list inside anything-but/${operator}`);
  return values.map((each) => {
    const isAffix = operator === "prefix" || operator === "suffix";
    if (each === "" && isAffix) throw invalidPattern("Null prefix/suffix not allowed");
    if (typeof each !== "string" && !(isAffix && typeof each === "object")) {
      throw invalidPattern(
        `Inside anything-but/${operator}, ${JSON.stringify(each)} is not supported.`,
      );
    }
    return compileLeaf({ [operator]: each });
  });
}
