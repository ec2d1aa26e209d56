import { cidrRange, ipBytes } from "./ip-address.js";
import { InexactNumber, invalidPattern, type PatternNode, PatternObject } from "./pattern-json.js";

/** A leaf of an event: what JSON holds that is neither object nor list. */
export type Leaf = string | number | boolean | null;

/** Whether a leaf satisfies one element of a pattern's list. */
export type LeafMatcher = (leaf: Leaf) => boolean;

/**
 * Compiles one element of a pattern's list, except `exists`: a value, or an object with one operator.
 *
 * Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 *
 * @throws `configuration` when it is not one.
 */
export function compileLeaf(element: PatternNode): LeafMatcher {
  if (element instanceof InexactNumber) return () => false;
  if (typeof element === "string") return compileText(element);
  if (isLeaf(element)) return equalTo(element);
  const [operator, argument] = onlyEntry(element);
  switch (operator) {
    case "exactly":
      return equalTo(requireText(operator, argument));
    case "prefix":
    case "suffix":
      return compileAffix(operator, argument);
    case "equals-ignore-case":
      return ofText(expression(`^${caseless(requireText(operator, argument))}$`));
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
export function onlyEntry(element: PatternNode): readonly [string, PatternNode] {
  if (!(element instanceof PatternObject)) {
    throw invalidPattern("Match value must be String, number, true, false, or null");
  }
  const [entry, ...more] = element.entries;
  if (entry === undefined) throw invalidPattern("Match expression name not found");
  if (more.length === 0) return entry;
  throw invalidPattern("Only one key allowed in match expression");
}

function equalTo(expected: Leaf): LeafMatcher {
  return (leaf) => leaf === expected;
}

/** A text that is an address stands for every way to write it. */
function compileText(expected: string): LeafMatcher {
  const bytes = ipBytes(expected);
  if (bytes === undefined) return equalTo(expected);
  return ofText((text) => ipBytes(text)?.join() === bytes.join());
}

function requireText(operator: string, argument: PatternNode): string {
  if (typeof argument === "string") return argument;
  throw invalidPattern(`${operator} match pattern must be a string`);
}

function ofText(matches: (text: string) => boolean): LeafMatcher {
  return (leaf) => typeof leaf === "string" && matches(leaf);
}

function expression(source: string): (text: string) => boolean {
  const compiled = new RegExp(source);
  return (text) => compiled.test(text);
}

/** What matches a text whatever the case of its characters, each by itself. */
function caseless(text: string): string {
  const escape = (part: string) => part.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  return text
    .split("")
    .map((character) => {
      const [lower, upper] = [character.toLowerCase(), character.toUpperCase()];
      return lower === upper ? escape(character) : `(?:${escape(lower)}|${escape(upper)})`;
    })
    .join("");
}

function compileAffix(operator: "prefix" | "suffix", argument: PatternNode): LeafMatcher {
  if (argument instanceof PatternObject) {
    const [inner, value] = onlyEntry(argument);
    if (inner !== "equals-ignore-case")
      throw invalidPattern(`Unsupported ${operator} pattern: ${inner}`);
    const source = caseless(requireText(inner, value));
    return ofText(expression(operator === "prefix" ? `^${source}` : `${source}$`));
  }
  const affix = requireText(operator, argument);
  return ofText((text) => (operator === "prefix" ? text.startsWith(affix) : text.endsWith(affix)));
}

/** `*` stands for any characters; `\*` and `\\` for themselves. */
function compileWildcard(pattern: string): LeafMatcher {
  const parts = [""];
  for (let i = 0; i < pattern.length; i++) {
    let character = pattern.charAt(i);
    if (character === "*") {
      if (pattern[i + 1] === "*")
        throw invalidPattern(`Consecutive wildcard characters at pos ${i}`);
      parts.push("");
      continue;
    }
    if (character === "\\") {
      character = pattern.charAt(++i);
      if (character !== "*" && character !== "\\")
        throw invalidPattern(`Invalid escape character at pos ${i - 1}`);
    }
    parts[parts.length - 1] += character;
  }
  return ofText((text) => matchesParts(text, parts));
}

/** Whether the parts stand in a text one after the other, the first at its beginning and the last at its end. */
function matchesParts(text: string, parts: readonly string[]): boolean {
  const [first = "", ...others] = parts;
  const last = others.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let from = first.length;
  for (const part of others) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}

const COMPARISONS: Readonly<Record<string, (leaf: number, bound: number) => boolean>> = {
  "=": (leaf, bound) => leaf === bound,
  "<": (leaf, bound) => leaf < bound,
  "<=": (leaf, bound) => leaf <= bound,
  ">": (leaf, bound) => leaf > bound,
  ">=": (leaf, bound) => leaf >= bound,
};

/** One comparison, or a lower bound and an upper one. */
function compileNumeric(argument: PatternNode): LeafMatcher {
  if (!Array.isArray(argument)) throw invalidPattern("Value of numeric must be an array.");
  const parts = argument as readonly PatternNode[];
  if (parts.length !== 2 && parts.length !== 4)
    throw invalidPattern(`Too many or too few elements in numeric expression: ${parts.length}`);
  const tests: ((leaf: number) => boolean)[] = [];
  for (let i = 0; i < parts.length; i += 2) {
    const [operator, bound] = [parts[i], parts[i + 1]];
    const compare = typeof operator === "string" ? COMPARISONS[operator] : undefined;
    if (compare === undefined || typeof bound !== "number")
      throw invalidPattern(
        `Bad numeric range: ${JSON.stringify(operator)} ${JSON.stringify(bound)}`,
      );
    tests.push((leaf) => compare(leaf, bound));
  }
  if (parts.length === 4) requireRange(parts);
  return (leaf) => typeof leaf === "number" && tests.every((test) => test(leaf));
}

function requireRange([first, low, second, high]: readonly PatternNode[]): void {
  const isRange = (first === ">" || first === ">=") && (second === "<" || second === "<=");
  if (!isRange) throw invalidPattern(`Bad numeric range operator: ${JSON.stringify(second)}`);
  if ((low as number) >= (high as number)) throw invalidPattern("Bottom must be less than top");
}

function compileCidr(text: string): LeafMatcher {
  const isInRange = cidrRange(text);
  if (isInRange === undefined) throw invalidPattern(`Malformed CIDR ${JSON.stringify(text)}`);
  return ofText((address) => {
    const bytes = ipBytes(address);
    return bytes !== undefined && isInRange(bytes);
  });
}

const INNER_OPERATORS = ["prefix", "suffix", "equals-ignore-case", "wildcard"];

/** Matches whatever none of the arguments matches; a field that is missing is matched by nothing. */
function compileAnythingBut(argument: PatternNode): LeafMatcher {
  const matchers =
    argument instanceof PatternObject ? compileExcluded(argument) : compileExcludedValues(argument);
  return (leaf) => !matchers.some((matches) => matches(leaf));
}

function compileExcludedValues(argument: PatternNode): LeafMatcher[] {
  const values = listOf(argument);
  const [first] = values;
  const isOneType = values.every((value) => typeof value === typeof first);
  if (!isOneType || (typeof first !== "string" && typeof first !== "number"))
    throw invalidPattern(
      "Value of anything-but must be an array or single string/number value, not of mixed types.",
    );
  return values.map((value) => equalTo(value as Leaf));
}

function compileExcluded(argument: PatternObject): LeafMatcher[] {
  const [operator, value] = onlyEntry(argument);
  if (!INNER_OPERATORS.includes(operator))
    throw invalidPattern(`Unsupported anything-but pattern: ${operator}`);
  const values = listOf(value);
  if (values.length === 0) throw invalidPattern(`Empty list inside anything-but/${operator}`);
  return values.map((each) => {
    const text = requireText(`anything-but/${operator}`, each);
    if (text === "" && (operator === "prefix" || operator === "suffix"))
      throw invalidPattern("Null prefix/suffix not allowed");
    return compileLeaf(new PatternObject([[operator, text]]));
  });
}

function listOf(value: PatternNode): readonly PatternNode[] {
  return Array.isArray(value) ? (value as readonly PatternNode[]) : [value];
}
