import { type AttributeValue } from "@aws-sdk/client-dynamodb";

import { MillraceError } from "../errors.js";
import type { KeyAttribute } from "../view/key.js";

/**
 * The DynamoDB key that a key text stands for; the reverse of {@link keyText}.
 *
 * @throws `configuration` when the text is not a key of the table.
 */
export function decodeKey(
  key: readonly KeyAttribute[],
  text: string,
): Record<string, AttributeValue> {
  const values = splitKey(text);
  if (values?.length !== key.length) {
    throw new MillraceError(
      "configuration",
      `${text} is not a key of ${JSON.stringify(key.map(({ name }) => name))}; write its values as a JSON array`,
    );
  }
  return Object.fromEntries(
    key.map(({ name, type }, i) => [name, keyValue({ name, type }, values[i] as string)]),
  );
}

/** Splits a JSON array into the texts of its elements, so that no number is rounded on the way. */
function splitKey(text: string): readonly string[] | undefined {
  const element = /\s*("(?:[^"\\]|\\.)*"|\{[^}]*\}|-?[0-9][0-9.eE+-]*)\s*(,|\]$)/gy;
  if (!text.startsWith("[")) return undefined;
  element.lastIndex = 1;
  const elements: string[] = [];
  for (let match = element.exec(text); match !== null; match = element.exec(text))
    elements.push(match[1] as string);
  return elements;
}

function keyValue({ name, type }: KeyAttribute, text: string): AttributeValue {
  if (type === "N" && /^-?\d/.test(text)) return { N: text };
  const value = type === "N" || /^[-\d]/.test(text) ? undefined : parse(text);
  if (typeof value === "string") return { S: value };
  if (typeof value?.B === "string") return { B: Uint8Array.from(Buffer.from(value.B, "base64")) };
  throw new MillraceError(
    "configuration",
    `${text} is no value of key attribute "${name}", which is of type ${type}; write text in double quotes, a number plain, binary as {"B":"<base64>"}`,
  );
}

function parse(text: string): string | { B?: unknown } {
  return JSON.parse(text) as string | { B?: unknown };
}
