import { canonicalNumber, NumberValue } from "../../change/attribute-value.js";

/** Ends a value, so that what follows in a sort key never takes part in the order: below every character of a value. */
const END = "\u0001";

/**
 * A value as text whose order, byte by byte, is the order of the values: numbers by amount, then text by its bytes.
 *
 * It is exact for every number DynamoDB holds, and whatever is appended orders only among equal values.
 */
export function orderText(value: unknown): string {
  const isNumber =
    typeof value === "number" || typeof value === "bigint" || value instanceof NumberValue;
  return (
    (isNumber ? numberText(canonicalNumber(String(value))) : `s${escaped(String(value))}`) + END
  );
}

/** Puts a mark before what is not above END, so that a text which goes on sorts after one that has ended. */
function escaped(text: string): string {
  return text.replace(/[\u0000-\u0002]/g, (character) => `\u0002${character.charCodeAt(0)}`);
}

/** Above every exponent there is, so that none is negative. */
const EXPONENT_BIAS = 500;

/**
 * Sign, exponent and digits, each of a form that sorts as text: `n2` (positive), the exponent in three digits, the
 * digits without leading or trailing zeros. Of a negative number all digits are turned round, and `~` ends them,
 * because of two numbers the one that goes on is the lesser.
 */
function numberText(canonical: string): string {
  if (canonical === "0") return "n1";
  const isNegative = canonical.startsWith("-");
  const [mantissa = "", power = "0"] = canonical.replace(/^-/, "").split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = (whole + fraction).replace(/^0+/, "");
  const leadingZeros = whole.length + fraction.length - digits.length;
  const exponent = Number(power) + whole.length - leadingZeros + EXPONENT_BIAS;
  const text = String(exponent).padStart(3, "0") + digits.replace(/0+$/, "");
  return isNegative ? `n0${complement(text)}~` : `n2${text}`;
}

function complement(digits: string): string {
  return digits.replace(/\d/g, (digit) => String(9 - Number(digit)));
}
