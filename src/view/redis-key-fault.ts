/** What is wrong with a Redis key that a view's function gave; Redis takes any bytes, so these are the likely mistakes. */
export function redisKeyFault(key: unknown): string | undefined {
  if (typeof key !== "string" || key === "")
    return "is not a non-empty string; build it from attributes the item always has";
  // As a whole part between separators: "post:undefined-behaviour" is a key like any other.
  if (/(^|[:/{}|])(undefined|NaN)($|[:/{}|])|\[object Object\]/.test(key))
    return "contains a missing value; build it from attributes the item always has";
  // An entry and its tombstone would land in two slots.
  if (key.includes("{") && !/^[^{]*\{[^}]+\}/.test(key))
    return 'has "{" without a hash tag; write {tag} or leave the brace out';
  return undefined;
}
