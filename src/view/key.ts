import { RESERVED_ATTRIBUTE } from "../change/reserved.js";

export { RESERVED_ATTRIBUTE, TTL_ATTRIBUTE } from "../change/reserved.js";

/** DynamoDB's three types of key attribute. */
export type KeyType = "S" | "N" | "B";

/** One key attribute of a table: its name and type. */
export interface KeyAttribute<Name extends string = string> {
  readonly name: Name;
  readonly type: KeyType;
}

/** Names of the attributes of `T` that always hold a `Value`; an optional attribute cannot be a key. */
export type AttributeOf<T, Value> = {
  [Name in keyof T & string]-?: [T[Name]] extends [Value]
    ? [T[Name]] extends [never]
      ? never
      : Name
    : never;
}[keyof T & string];

type KeyElement<T> =
  | AttributeOf<T, string>
  | (KeyAttribute<AttributeOf<T, number>> & { readonly type: "N" })
  | (KeyAttribute<AttributeOf<T, Uint8Array>> & { readonly type: "B" });

/**
 * Key of a table holding `T`: partition key, then sort key if there is one.
 *
 * A string attribute is named as it is; a number or binary one by {@link numberKey} or {@link binaryKey}. An attribute
 * that `T` lacks, may lack, or holds with another type does not compile.
 */
export type TableKey<T> = readonly [KeyElement<T>] | readonly [KeyElement<T>, KeyElement<T>];

/** A number attribute used as a key. */
export function numberKey<const Name extends string>(
  name: Name,
): KeyAttribute<Name> & { readonly type: "N" } {
  return { name, type: "N" };
}

/** A binary attribute used as a key. */
export function binaryKey<const Name extends string>(
  name: Name,
): KeyAttribute<Name> & { readonly type: "B" } {
  return { name, type: "B" };
}

/** A key as declared, with the type of every attribute spelled out. */
export function resolveKey(key: readonly (string | KeyAttribute)[]): readonly KeyAttribute[] {
  return key.map((element) =>
    typeof element === "string" ? { name: element, type: "S" } : element,
  );
}

/** What is wrong with a key, one sentence a mistake. */
export function keyMistakes(subject: string, key: readonly KeyAttribute[]): string[] {
  const mistakes: string[] = [];
  if (key.length < 1 || key.length > 2) {
    mistakes.push(
      `${subject}: key has ${key.length} attributes; name the partition key and at most one sort key`,
    );
  }
  if (key.length === 2 && key[0]?.name === key[1]?.name) {
    mistakes.push(
      `${subject}: key names "${key[0]?.name}" twice; partition and sort key must differ`,
    );
  }
  for (const { name } of key) {
    if (typeof name !== "string" || name === "")
      mistakes.push(`${subject}: key attribute ${JSON.stringify(name)} has no name`);
    if (name === RESERVED_ATTRIBUTE) {
      mistakes.push(
        `${subject}: key attribute "${name}" is reserved for Millrace's own bookkeeping; choose another name`,
      );
    }
  }
  return mistakes;
}
