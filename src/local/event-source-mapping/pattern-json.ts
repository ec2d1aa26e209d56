import { Decimal } from "decimal.js";

import { MillraceError } from "../../errors.js";

/** A piece of a pattern's text. */
export type PatternNode =
  string | number | boolean | null | InexactNumber | readonly PatternNode[] | PatternObject;

/** An object with all its entries, a key given twice included: what that means depends on where it stands. */
export class PatternObject {
  constructor(readonly entries: readonly (readonly [string, PatternNode])[]) {}
}

/** A number that a double does not hold, so that nothing compares with it. */
export class InexactNumber {
  constructor(readonly text: string) {}
}

/** A pattern that is none; Lambda's answer to it, with what is wrong behind. */
export function invalidPattern(why: string): MillraceError {
  return new MillraceError("configuration", `Invalid filter pattern definition. ${why}`);
}

const TOKENS = /"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s[\]{}:,"]+/g;

/**
 * Parses a pattern's text; unlike `JSON.parse` it keeps keys that are given twice.
 *
 * @throws `configuration` when it is not JSON.
 */
export function parsePattern(json: string): PatternNode {
  try {
    JSON.parse(json);
  } catch (cause) {
    throw invalidPattern((cause as Error).message);
  }
  // From here on it is known to be JSON, which leaves only its structure to follow.
  const tokens = (json.match(TOKENS) ?? []).values();
  const next = () => tokens.next().value ?? "";
  return parseNode(next(), next);
}

function parseNode(token: string, next: () => string): PatternNode {
  if (token === "{") return parseObject(next);
  if (token === "[") return parseList(next);
  const value = JSON.parse(token) as string | number | boolean | null;
  return typeof value === "number" ? exactNumber(value, token) : value;
}

function parseObject(next: () => string): PatternObject {
  const entries: [string, PatternNode][] = [];
  for (let token = next(); token !== "}"; token = next()) {
    if (token === ",") continue;
    next(); // the colon
    entries.push([JSON.parse(token) as string, parseNode(next(), next)]);
  }
  return new PatternObject(entries);
}

function parseList(next: () => string): PatternNode[] {
  const elements: PatternNode[] = [];
  for (let token = next(); token !== "]"; token = next())
    if (token !== ",") elements.push(parseNode(token, next));
  return elements;
}

function exactNumber(value: number, text: string): number | InexactNumber {
  return Number.isFinite(value) && new Decimal(text).eq(value) ? value : new InexactNumber(text);
}
