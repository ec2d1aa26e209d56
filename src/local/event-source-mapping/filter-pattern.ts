import {
  compileLeaf,
  invalidPattern,
  isLeaf,
  type Leaf,
  type LeafMatcher,
} from "./leaf-matcher.js";

/** Whether an event satisfies a pattern. */
export type EventMatcher = (event: unknown) => boolean;

/** What a pattern asks of the leaves under one path. */
interface PathTest {
  readonly path: string;
  readonly matchers: readonly LeafMatcher[];
  /** Whether the absence of any leaf under the path satisfies it too. */
  readonly acceptsAbsence: boolean;
}

/** A leaf of an event, with the elements of lists it lies in: list by list, which element. */
interface Field {
  readonly leaf: Leaf;
  readonly elements: ReadonlyMap<string, number>;
}

/** Keys that name operators and so cannot be alternatives' fields. */
const RESERVED = new Set([
  "exact",
  "numeric",
  "prefix",
  "suffix",
  "exists",
  "anything-but",
  "equals-ignore-case",
  "wildcard",
  "cidr",
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
  const alternatives = compileObject(parseJson(json), "");
  return (event) => {
    const fields = new Map<string, Field[]>();
    collectFields(event, "", new Map(), fields);
    return alternatives.some((tests) => holdTogether(tests, fields, new Map()));
  };
}

function parseJson(json: string): Record<string, unknown> {
  let pattern: unknown;
  try {
    pattern = JSON.parse(json);
  } catch (cause) {
    throw invalidPattern((cause as Error).message);
  }
  if (typeof pattern === "object" && pattern !== null && !Array.isArray(pattern))
    return pattern as Record<string, unknown>;
  throw invalidPattern("Filter is not an object");
}

/** The alternatives of an object: each a list of tests that must all hold. */
function compileObject(pattern: Record<string, unknown>, prefix: string): PathTest[][] {
  const entries = Object.entries(pattern);
  if (entries.length === 0) throw invalidPattern("Empty objects are not allowed");
  let alternatives: PathTest[][] = [[]];
  for (const [key, value] of entries) {
    const added = isOr(key, value) ? compileOr(value, prefix) : compileKey(prefix + key, value);
    alternatives = alternatives.flatMap((tests) => added.map((more) => [...tests, ...more]));
  }
  return alternatives;
}

/** `$or` is an operator where it holds a list of at least two objects; a field may bear the name otherwise. */
function isOr(key: string, value: unknown): value is unknown[] {
  if (key !== "$or" || !Array.isArray(value)) return false;
  if (
    value.every(
      (alternative) =>
        typeof alternative === "object" && alternative !== null && !Array.isArray(alternative),
    )
  )
    return true;
  throw invalidPattern("Only JSON object is allowed in array of $or relationship.");
}

function compileOr(alternatives: readonly unknown[], prefix: string): PathTest[][] {
  if (alternatives.length < 2)
    throw invalidPattern("There must have at least 2 Objects in $or relationship.");
  return alternatives.flatMap((alternative) => {
    const object = alternative as Record<string, unknown>;
    const reserved = Object.keys(object).find((key) => RESERVED.has(key));
    if (reserved !== undefined)
      throw invalidPattern(`${reserved} is reserved and cannot be a field in $or relationship.`);
    return compileObject(object, prefix);
  });
}

function compileKey(path: string, value: unknown): PathTest[][] {
  if (Array.isArray(value)) return [[compileList(path, value)]];
  if (typeof value === "object" && value !== null)
    return compileObject(value as Record<string, unknown>, `${path}.`);
  throw invalidPattern(`"${path}" must be an object or an array`);
}

function compileList(path: string, elements: readonly unknown[]): PathTest {
  if (elements.length === 0) throw invalidPattern("Empty arrays are not allowed");
  const matchers: LeafMatcher[] = [];
  let acceptsAbsence = false;
  for (const element of elements) {
    const exists = existsOf(element);
    if (exists === undefined) matchers.push(compileLeaf(element));
    else if (exists) matchers.push(() => true);
    else acceptsAbsence = true;
  }
  return { path, matchers, acceptsAbsence };
}

function existsOf(element: unknown): boolean | undefined {
  if (typeof element !== "object" || element === null || !("exists" in element)) return undefined;
  if (Object.keys(element).length === 1 && typeof element.exists === "boolean")
    return element.exists;
  throw invalidPattern("exists match pattern must be either true or false.");
}

/** All leaves of an event by their path; lists add no step to a path, and an empty one holds no leaf. */
function collectFields(
  value: unknown,
  path: string,
  elements: ReadonlyMap<string, number>,
  fields: Map<string, Field[]>,
): void {
  if (isLeaf(value)) {
    fields.set(path, [...(fields.get(path) ?? []), { leaf: value, elements }]);
  } else if (Array.isArray(value)) {
    const list = `${path}#${[...elements.values()].join()}`;
    value.forEach((element, i) =>
      collectFields(element, path, new Map([...elements, [list, i]]), fields),
    );
  } else if (typeof value === "object" && value !== null) {
    for (const [key, content] of Object.entries(value)) {
      collectFields(content, path === "" ? key : `${path}.${key}`, elements, fields);
    }
  }
}

/** Finds a leaf for every test such that all of them lie in the same elements of the lists they share. */
function holdTogether(
  tests: readonly PathTest[],
  fields: ReadonlyMap<string, readonly Field[]>,
  chosen: ReadonlyMap<string, number>,
): boolean {
  const [test, ...rest] = tests;
  if (test === undefined) return true;
  const candidates = fields.get(test.path) ?? [];
  if (candidates.length === 0) return test.acceptsAbsence && holdTogether(rest, fields, chosen);
  return candidates.some(({ leaf, elements }) => {
    const fits = [...elements].every(
      ([list, element]) => (chosen.get(list) ?? element) === element,
    );
    if (!fits || !test.matchers.some((matches) => matches(leaf))) return false;
    return holdTogether(rest, fields, new Map([...chosen, ...elements]));
  });
}
