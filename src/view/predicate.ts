import { NumberValue } from "../change/attribute-value.js";

/** A value that a condition can be compared with. */
export type Scalar = string | number | boolean | null;

/** A condition on one attribute, as data. All parts must hold. */
export interface Condition {
  readonly gt?: string | number;
  readonly gte?: string | number;
  readonly lt?: string | number;
  readonly lte?: string | number;
  /** Text the attribute begins with. */
  readonly prefix?: string;
  /** Values the attribute must not have; an absent attribute has none of them. */
  readonly not?: readonly Scalar[];
  /** Whether the attribute is there at all. */
  readonly exists?: boolean;
}

/**
 * A predicate as data: for each attribute the values it may have, or a {@link Condition}; all must hold.
 *
 * Being data, it can also be pushed down to the event source mapping as a filter; a function runs in the handler only.
 */
export type DataPredicate<I> = {
  readonly [Name in keyof I]?: readonly (I[Name] & Scalar)[] | Condition;
};

const OPERATORS = ["gt", "gte", "lt", "lte", "prefix", "not", "exists"] as const;

/** What is wrong with a predicate given as data, one sentence a mistake. */
export function predicateMistakes(subject: string, predicate: unknown): string[] {
  if (predicate === undefined || typeof predicate === "function") return [];
  if (typeof predicate !== "object" || predicate === null || Array.isArray(predicate)) {
    return [
      `${subject}: where is ${JSON.stringify(predicate)}; give a function, or an object of attributes and their values`,
    ];
  }
  return Object.entries(predicate).flatMap(([name, condition]) =>
    conditionMistakes(`${subject}: where.${name}`, condition),
  );
}

function conditionMistakes(subject: string, condition: unknown): string[] {
  if (Array.isArray(condition)) {
    return condition.length > 0
      ? []
      : [`${subject} is an empty list, which nothing matches; name at least one value`];
  }
  if (typeof condition !== "object" || condition === null) {
    return [
      `${subject} is ${JSON.stringify(condition)}; write the values it may have as a list: [${JSON.stringify(condition)}]`,
    ];
  }
  const unknown = Object.keys(condition).filter(
    (operator) => !(OPERATORS as readonly string[]).includes(operator),
  );
  return unknown.map(
    (operator) => `${subject} has no operator "${operator}"; there are ${OPERATORS.join(", ")}`,
  );
}

/** Turns a predicate given as data into a function. Requires that {@link predicateMistakes} found none. */
export function compilePredicate<I extends object>(
  predicate: DataPredicate<I>,
): (item: I) => boolean {
  const tests = Object.entries(predicate).map(([name, condition]) => {
    const holds = compileCondition(condition as readonly Scalar[] | Condition);
    return (item: I) => holds((item as Record<string, unknown>)[name]);
  });
  return (item) => tests.every((test) => test(item));
}

function compileCondition(condition: readonly Scalar[] | Condition): (value: unknown) => boolean {
  if (isList(condition)) return (value) => condition.some((allowed) => equals(value, allowed));
  const { gt, gte, lt, lte, prefix, not, exists } = condition;
  const tests: ((value: unknown) => boolean)[] = [];
  if (gt !== undefined) tests.push((value) => (compare(value, gt) ?? -1) > 0);
  if (gte !== undefined) tests.push((value) => (compare(value, gte) ?? -1) >= 0);
  if (lt !== undefined) tests.push((value) => (compare(value, lt) ?? 1) < 0);
  if (lte !== undefined) tests.push((value) => (compare(value, lte) ?? 1) <= 0);
  if (prefix !== undefined)
    tests.push((value) => typeof value === "string" && value.startsWith(prefix));
  if (not !== undefined) tests.push((value) => !not.some((excluded) => equals(value, excluded)));
  if (exists !== undefined) tests.push((value) => (value !== undefined) === exists);
  return (value) => tests.every((test) => test(value));
}

function isList(condition: readonly Scalar[] | Condition): condition is readonly Scalar[] {
  return Array.isArray(condition);
}

function equals(value: unknown, expected: Scalar): boolean {
  return value instanceof NumberValue ? compare(value, expected) === 0 : value === expected;
}

/** Order of two values of one type; `undefined` where they cannot be compared. */
function compare(value: unknown, bound: Scalar): number | undefined {
  if (typeof value === "string" && typeof bound === "string")
    return value < bound ? -1 : value > bound ? 1 : 0;
  if (value instanceof NumberValue && typeof bound === "number")
    return Number(value.toString()) - bound;
  if (typeof value === "number" && typeof bound === "number") return value - bound;
  return undefined;
}
