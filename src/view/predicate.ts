import { compareNumbers, NumberValue } from "../change/attribute-value.js";

/** A value that a condition can be compared with. */
export type Scalar = string | number | boolean | null;

/** What an attribute holding `Value` can be ordered by: text by text, any kind of number by a number. */
type Bound<Value> = unknown extends Value
  ? string | number
  : Value extends string
    ? string
    : Value extends number | bigint | NumberValue
      ? number
      : never;

/** What an attribute holding `Value` can be equal to. */
type Allowed<Value> = unknown extends Value
  ? Scalar
  : Value extends Scalar
    ? Value
    : Value extends bigint | NumberValue
      ? number
      : never;

/** A condition on one attribute holding `Value`, as data. All parts must hold, and at least one must be given. */
export interface Condition<Value = unknown> {
  readonly gt?: Bound<Value>;
  readonly gte?: Bound<Value>;
  readonly lt?: Bound<Value>;
  readonly lte?: Bound<Value>;
  /** Text the attribute begins with. */
  readonly prefix?: Bound<Value> & string;
  /** Values the attribute must not have; an absent attribute has none of them. */
  readonly not?: readonly Allowed<Value>[];
  /** Whether the attribute is there at all. */
  readonly exists?: boolean;
}

/**
 * A predicate as data: for each attribute the values it may have, or a {@link Condition}; all must hold.
 *
 * Being data, it can also be pushed down to the event source mapping as a filter; a function runs in the handler only.
 */
export type DataPredicate<I> = {
  readonly [Name in keyof I]?: readonly Allowed<I[Name]>[] | Condition<I[Name]>;
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
  if (Array.isArray(condition)) return valueMistakes(subject, condition);
  if (typeof condition !== "object" || condition === null) {
    return [
      `${subject} is ${JSON.stringify(condition)}; write the values it may have as a list: [${JSON.stringify(condition)}]`,
    ];
  }
  const operands = Object.entries(condition);
  if (operands.length === 0)
    return [
      `${subject} is empty, which says nothing; leave it out, or use ${OPERATORS.join(", ")}`,
    ];
  return operands.flatMap(([operator, operand]) =>
    operandMistakes(`${subject}.${operator}`, operator, operand),
  );
}

function operandMistakes(subject: string, operator: string, operand: unknown): string[] {
  const told = `${subject} is ${textOf(operand)}`;
  switch (operator as (typeof OPERATORS)[number]) {
    case "gt":
    case "gte":
    case "lt":
    case "lte":
      return typeof operand === "string" || Number.isFinite(operand)
        ? []
        : [`${told}; give a string or a finite number to compare with`];
    case "prefix":
      return typeof operand === "string" ? [] : [`${told}; give the text it begins with`];
    case "exists":
      return typeof operand === "boolean" ? [] : [`${told}; give true or false`];
    case "not":
      return Array.isArray(operand)
        ? valueMistakes(subject, operand)
        : [`${told}; write the values it must not have as a list: [${textOf(operand)}]`];
    default:
      return [`${subject} is no operator; there are ${OPERATORS.join(", ")}`];
  }
}

function valueMistakes(subject: string, values: readonly unknown[]): string[] {
  if (values.length === 0) return [`${subject} is an empty list; name at least one value`];
  return values
    .filter((value) => !isScalar(value))
    .map(
      (value) =>
        `${subject} lists ${textOf(value)}; a value is a string, a finite number, a boolean or null`,
    );
}

function isScalar(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return value === null || typeof value === "string" || typeof value === "boolean";
}

function textOf(value: unknown): string {
  return typeof value === "number" ? String(value) : (JSON.stringify(value) ?? typeof value);
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
  return isNumber(value) && isNumber(expected)
    ? compareNumbers(value, expected) === 0
    : value === expected;
}

/** Order of two values of one type; `undefined` where they cannot be compared. */
function compare(value: unknown, bound: Scalar): number | undefined {
  if (typeof value === "string" && typeof bound === "string")
    return value < bound ? -1 : value > bound ? 1 : 0;
  return isNumber(value) && isNumber(bound) ? compareNumbers(value, bound) : undefined;
}

function isNumber(value: unknown): value is number | bigint | NumberValue {
  return typeof value === "number" || typeof value === "bigint" || value instanceof NumberValue;
}
