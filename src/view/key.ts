import { RESERVED_ATTRIBUTE, TTL_ATTRIBUTE } from "../change/reserved.js";

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

/** Names no row and no key may use: Millrace keeps its own bookkeeping there. */
export const RESERVED_ATTRIBUTES: readonly string[] = [RESERVED_ATTRIBUTE, TTL_ATTRIBUTE];

/** A key as declared, with the type of every attribute spelled out; what is not a key is left to {@link keyMistakes}. */
export function resolveKey(key: readonly (string | KeyAttribute)[]): readonly KeyAttribute[] {
  if (!isList(key)) return [];
  return key
    .map((element) =>
      typeof element === "string" ? { name: element, type: "S" as const } : element,
    )
    .filter((element) => typeof element === "object" && element !== null);
}

/** Types are not checked where a declaration is run as it stands, so a key may be anything. */
function isList(key: unknown): boolean {
  return Array.isArray(key);
}

/** What is wrong with a key as it was declared, one sentence a mistake. */
export function keyMistakes(
  subject: string,
  declared: readonly (string | KeyAttribute)[],
): string[] {
  if (!isList(declared)) {
    return [
      `${subject}: key is ${JSON.stringify(declared)}; give a list of the partition key and at most one sort key`,
    ];
  }
  const key = declared.map((element) =>
    typeof element === "string" ? { name: element, type: "S" } : element,
  );
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
  for (const attribute of key) {
    const { name, type } = (attribute ?? {}) as Partial<KeyAttribute>;
    if (typeof name !== "string" || name === "" || !["S", "N", "B"].includes(type ?? "")) {
      mistakes.push(
        `${subject}: key attribute ${JSON.stringify(attribute)} is not one; name a string attribute as it is, others by numberKey(…) or binaryKey(…)`,
      );
    } else if (RESERVED_ATTRIBUTES.includes(name)) {
      mistakes.push(
        `${subject}: key attribute "${name}" is reserved for Millrace's own bookkeeping; choose another name`,
      );
    }
  }
  return mistakes;
}
