import { compileLeaf, isLeaf, type Leaf, type LeafMatcher, onlyEntry } from "./leaf-matcher.js";
import { invalidPattern, parsePattern, type PatternNode, PatternObject } from "./pattern-json.js";

/** Whether an event satisfies a pattern. */
export type EventMatcher = (event: unknown) => boolean;

/** What a pattern asks of the leaves under one path. */
interface PathTest {
  readonly matchers: readonly LeafMatcher[];
  /** Whether the absence of any leaf under the path satisfies it too. */
  readonly acceptsAbsence: boolean;
}

/** Tests by path that must all hold; a path named again replaces what was asked of it before. */
type Branch = ReadonlyMap<string, PathTest>;

/** A leaf of an event, with the elements of lists it lies in: list by list, which element. */
interface Field {
  readonly leaf: Leaf;
  readonly elements: ReadonlyMap<number, number>;
}

/** Keys that name operators, present or to come, and so cannot be fields inside of alternatives. */
const RESERVED = new Set([
  ...["exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard"],
  ...["numeric", "cidr", "=", "<", "<=", ">", ">=", "regex", "not-wildcard"],
  ...["not-equals-ignore-case", "date-after", "date-on-or-after", "date-before"],
  ...["date-on-or-before", "in-date-range", "ip-address-in-range", "ip-address-not-in-range"],
]);

/**
 * Compiles an event pattern as EventBridge and Lambda's event filtering read it.
 *
 * Keys are ANDed, list elements ORed, `$or` takes alternatives. `exists` looks at leaves only. Conditions on fields of
 * a list's objects must hold in one and the same element. Dotted keys and nested ones mean the same path.
 * Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
 *
 * @param json the pattern's text.
 * @throws `configuration` `Invalid filter pattern definition.` and what is wrong.
 */
export function compilePattern(json: string): EventMatcher {
  const pattern = parsePattern(json);
  if (!(pattern instanceof PatternObject)) throw invalidPattern("Filter is not an object");
  const branches = addObject([new Map()], [], pattern, false).map((branch) => [...branch]);
  return (event) => {
    const fields = new Map<string, Field[]>();
    let lists = 0;
    collectFields(event, [], new Map(), fields, () => lists++);
    return branches.some((tests) => holdTogether(tests, fields, new Map()));
  };
}

/** Adds what an object asks to every branch; `$or` forks them. */
function addObject(
  branches: readonly Branch[],
  path: readonly string[],
  { entries }: PatternObject,
  insideOr: boolean,
): readonly Branch[] {
  if (entries.length === 0) throw invalidPattern("Empty objects are not allowed");
  return entries.reduce((forked: readonly Branch[], [key, value]) => {
    if (key === "$or") return addAlternatives(forked, path, value);
    if (insideOr && RESERVED.has(key))
      throw invalidPattern(`${key} is reserved and cannot be a field in $or relationship.`);
    const inner = [...path, key];
    if (value instanceof PatternObject) return addObject(forked, inner, value, insideOr);
    if (!Array.isArray(value)) throw invalidPattern(`"${key}" must be an object or an array`);
    const test = compileList(value as readonly PatternNode[]);
    return forked.map((branch) => new Map(branch).set(inner.join("."), test));
  }, branches);
}

function addAlternatives(
  branches: readonly Branch[],
  path: readonly string[],
  alternatives: PatternNode,
): readonly Branch[] {
  if (!Array.isArray(alternatives)) throw invalidPattern("It must be an Array followed with $or.");
  const objects = alternatives as readonly PatternNode[];
  if (objects.length < 2)
    throw invalidPattern("There must have at least 2 Objects in $or relationship.");
  return objects.flatMap((object) => {
    if (object instanceof PatternObject) return addObject(branches, path, object, true);
    throw invalidPattern("Only JSON object is allowed in array of $or relationship.");
  });
}

function compileList(elements: readonly PatternNode[]): PathTest {
  if (elements.length === 0) throw invalidPattern("Empty arrays are not allowed");
  const matchers: LeafMatcher[] = [];
  let acceptsAbsence = false;
  for (const element of elements) {
    const exists = existsOf(element);
    if (exists === undefined) matchers.push(compileLeaf(element));
    else if (exists) matchers.push(() => true);
    else acceptsAbsence = true;
  }
  return { matchers, acceptsAbsence };
}

function existsOf(element: PatternNode): boolean | undefined {
  if (!(element instanceof PatternObject) || element.entries[0]?.[0] !== "exists") return undefined;
  const [, exists] = onlyEntry(element);
  if (typeof exists === "boolean") return exists;
  throw invalidPattern("exists match pattern must be either true or false.");
}

/** All leaves of an event by their path; lists add no step to a path, and an empty one holds no leaf. */
function collectFields(
  value: unknown,
  path: readonly string[],
  elements: ReadonlyMap<number, number>,
  fields: Map<string, Field[]>,
  newList: () => number,
): void {
  if (isLeaf(value)) {
    const name = path.join(".");
    fields.set(name, [...(fields.get(name) ?? []), { leaf: value, elements }]);
  } else if (Array.isArray(value)) {
    const list = newList();
    value.forEach((element, i) => {
      // A leaf is no element of its own: it goes with whatever holds in any other.
      const inner = isLeaf(element) ? elements : new Map([...elements, [list, i]]);
      collectFields(element, path, inner, fields, newList);
    });
  } else if (typeof value === "object" && value !== null) {
    for (const [key, content] of Object.entries(value))
      collectFields(content, [...path, key], elements, fields, newList);
  }
}

/** Finds a leaf for every test such that all of them lie in the same elements of the lists they share. */
function holdTogether(
  [test, ...rest]: readonly (readonly [string, PathTest])[],
  fields: ReadonlyMap<string, readonly Field[]>,
  chosen: ReadonlyMap<number, number>,
): boolean {
  if (test === undefined) return true;
  const [path, { matchers, acceptsAbsence }] = test;
  const candidates = fields.get(path) ?? [];
  if (candidates.length === 0) return acceptsAbsence && holdTogether(rest, fields, chosen);
  return candidates.some(({ leaf, elements }) => {
    const fits = [...elements].every(
      ([list, element]) => (chosen.get(list) ?? element) === element,
    );
    if (!fits || !matchers.some((matches) => matches(leaf))) return false;
    return holdTogether(rest, fields, new Map([...chosen, ...elements]));
  });
}
