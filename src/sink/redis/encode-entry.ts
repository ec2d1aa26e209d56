import { canonicalNumber, type Item, NumberValue } from "../../change/attribute-value.js";
import { encodeItem } from "../../change/encode-item.js";
import { MillraceError } from "../../errors.js";

/** Holds a JSON entry's version~owner, and a hash entry's version; no entry may use the name. */
export const VERSION_FIELD = "_v";

/**
 * Holds a hash entry's owner; no hash entry may use the name.
 *
 * Apart from the version, because Redis gives up the compact form of a hash (listpack) for a single value over 64
 * bytes: one field for both would cost 400 bytes an entry instead of 90.
 */
export const OWNER_FIELD = "_o";

/**
 * The JSON text of an entry: version and owner first, at fixed offsets, then its own attributes.
 *
 * Numbers are written exactly, binary as base64, a set as a sorted list.
 *
 * @param stamp version~owner.
 * @throws `invalid-row` for what JSON cannot hold.
 */
export function encodeJsonEntry(stamp: string, value: Item): string {
  requireFree(value, [VERSION_FIELD]);
  const own = attributeTexts(value);
  return `{"${VERSION_FIELD}":"${stamp}"${own === "" ? "" : ","}${own}}`;
}

/**
 * The JSON text of a value alone, as elements of lists and messages hold it; otherwise as {@link encodeJsonEntry}.
 *
 * @throws `invalid-row` for what JSON cannot hold.
 */
export function encodeJson(value: Item): string {
  return `{${attributeTexts(value)}}`;
}

/**
 * The fields of a hash entry, names and values alternating: text as it is, numbers and booleans as text, everything
 * else as JSON.
 *
 * @throws `invalid-row` for what cannot be held.
 */
export function encodeHashEntry(value: Item): string[] {
  requireFree(value, [VERSION_FIELD, OWNER_FIELD]);
  const fields: string[] = [];
  for (const [name, content] of Object.entries(value))
    fields.push(name, typeof content === "string" ? content : checkedText(name, content));
  return fields;
}

/** What an entry's value looks like when it is read back as JSON. */
export function asJsonEntry(value: Item): Item {
  return parseExactJson(jsonText(value));
}

/** What an entry's value looks like when it is read back as a hash: every field a string. */
export function asHashEntry(value: Item): Item {
  return Object.fromEntries(
    Object.entries(value).map(([name, content]) => [name, fieldText(content)]),
  );
}

/** Reads JSON text; a number beyond JavaScript's precision becomes a {@link NumberValue}. */
export function parseExactJson(text: string): Item {
  if (!/\d{16}|\d\.\d{15}/.test(text)) return JSON.parse(text) as Item;
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) => {
    const exact =
      token.startsWith('"') || canonicalNumber(String(Number(token))) === canonicalNumber(token);
    return exact ? token : `{"\\u0000N":"${token}"}`;
  });
  return JSON.parse(marked, (_name, value: unknown) => {
    const digits =
      typeof value === "object" && value !== null
        ? (value as Record<string, unknown>)["\u0000N"]
        : undefined;
    return typeof digits === "string" ? NumberValue.from(digits) : value;
  }) as Item;
}

function requireFree(value: Item, reserved: readonly string[]): void {
  const taken = reserved.find((name) => Object.hasOwn(value, name));
  if (taken !== undefined) {
    throw new MillraceError(
      "invalid-row",
      `an entry has the attribute "${taken}", which is reserved; rename it`,
    );
  }
}

/** The attributes of a value as they stand within the braces of its JSON. */
function attributeTexts(value: Item): string {
  let texts = "";
  for (const [name, content] of Object.entries(value))
    texts += `${texts === "" ? "" : ","}${JSON.stringify(name)}:${checkedText(name, content)}`;
  return texts;
}

/**
 * The JSON of an attribute. What DynamoDB cannot hold, a cache entry cannot hold either: one rule for all sinks.
 *
 * What most attributes are needs no second look; anything else is judged as a row of a table is.
 */
function checkedText(name: string, content: unknown): string {
  if (typeof content === "string") return JSON.stringify(content);
  if (typeof content === "boolean" || Number.isSafeInteger(content)) return String(content);
  encodeItem({ [name]: content });
  return jsonText(content);
}

function fieldText(content: unknown): string {
  return typeof content === "string" ? content : jsonText(content);
}

function jsonText(value: unknown): string {
  if (typeof value === "number" || typeof value === "bigint" || value instanceof NumberValue)
    return canonicalNumber(value.toString());
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString("base64"));
  if (value instanceof Set) return `[${[...(value as Set<unknown>)].map(jsonText).sort().join()}]`;
  if (Array.isArray(value)) return `[${value.map(jsonText).join()}]`;
  return `{${Object.entries(value)
    .map(([name, content]) => `${JSON.stringify(name)}:${jsonText(content)}`)
    .join()}}`;
}
