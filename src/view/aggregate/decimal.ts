import { Decimal } from "decimal.js";

import { canonicalNumber, NumberValue } from "../../change/attribute-value.js";
import { encodeItem } from "../../change/encode-item.js";

/**
 * Digits that hold any sum exactly: DynamoDB's magnitudes reach from 1E-130 to 1E126, and a sum carries a few more.
 */
const Exact = Decimal.clone({ precision: 300 });

/** DynamoDB's own precision, for the one result that has to be rounded: a quotient. */
const Rounded = Decimal.clone({ precision: 38, rounding: Decimal.ROUND_HALF_EVEN });

/** Integers that JavaScript adds exactly; most of what is added is a 1. */
const SMALL = /^-?\d{1,15}$/;

/** Adds decimal numbers of any kind, exactly; the answer is its one decimal text, which may have more than 38 digits. */
export function addExactly(left: unknown, right: unknown): string {
  const [a, b] = [String(left), String(right)];
  if (SMALL.test(a) && SMALL.test(b)) return String(Number(a) + Number(b));
  return canonicalNumber(new Exact(a).plus(b).toString());
}

/** A number with the other sign. */
export function negated(number: unknown): string {
  return canonicalNumber(new Exact(String(number)).negated().toString());
}

/** A sum by a count, to 38 digits, half to even. Requires a count above 0. */
export function meanOf(sum: unknown, count: unknown): NumberValue {
  const mean = new Rounded(String(sum)).dividedBy(String(count));
  return NumberValue.from(canonicalNumber(mean.toString()));
}

/** A decimal text as a value of a row, or nothing where no DynamoDB number can hold it. */
export function numberOrNothing(text: string): NumberValue | undefined {
  try {
    return holdableNumber(text);
  } catch {
    return undefined;
  }
}

/**
 * A decimal text as a value that an item can hold.
 *
 * @throws `invalid-row` when it has more than 38 digits, or a magnitude that DynamoDB does not know.
 */
export function holdableNumber(text: string): NumberValue {
  const value = NumberValue.from(text);
  encodeItem({ value });
  return value;
}
