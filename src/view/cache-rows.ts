import type { Item } from "../change/attribute-value.js";
import { keyText } from "../change/item-key.js";
import { MillraceError } from "../errors.js";
import { memberKey } from "./member-key.js";
import { redisKeyFault } from "./redis-key-fault.js";
import { callView, type Row } from "./row.js";
import { compileWhere } from "./table-view.js";

/** A cache view's own functions, as they are called: of items whose type only the declaration knows. */
export interface CacheFunctions {
  readonly name: string;
  /** What comes before every key. */
  readonly keyPrefix?: string;
  readonly source: { readonly key: readonly { readonly name: string }[] };
  readonly type: string;
  readonly where?: unknown;
  readonly key: (item: Item) => string;
  readonly value?: (item: Item) => Item;
  readonly member?: (item: Item) => string;
  readonly score?: (item: Item) => number;
}

/** Compiles a cache view's functions into the one that says which rows an item derives. */
export function compileCacheRows(options: CacheFunctions): (item: Item) => readonly Row[] {
  const { name, key, keyPrefix = "" } = options;
  const holds = compileWhere(name, options.where);
  const rowOf = rowFunction(options);
  return (item) => {
    if (!holds(item)) return [];
    const redisKey = callView(name, "key", () => key(item));
    const fault = redisKeyFault(redisKey);
    if (fault === undefined) return [rowOf(keyPrefix + redisKey, item)];
    throw invalid(name, `the Redis key ${JSON.stringify(redisKey)} ${fault}`);
  };
}

/** How a row is made of an item, by the kind of view; a kind that does not exist is told by its declaration's mistakes. */
function rowFunction(options: CacheFunctions): (key: string, item: Item) => Row {
  switch (options.type) {
    case "sorted-set":
      return (key, item) => {
        const member = memberOf(options, item);
        return { key: memberKey(key, member), value: { member, score: scoreOf(options, item) } };
      };
    case "set":
      return (key, item) => {
        const member = memberOf(options, item);
        return { key: memberKey(key, member, identity(options, item)), value: { member } };
      };
    case "list":
      return (key, item) => {
        const member = identity(options, item);
        const score = scoreOf(options, item);
        return {
          key: memberKey(key, member),
          value: { member, score, value: valueOf(options, item) },
        };
      };
    case "stream":
    case "channel":
      return (key, item) => ({
        key: memberKey(key, identity(options, item)),
        value: valueOf(options, item),
      });
    default:
      return (key, item) => ({ key, value: valueOf(options, item) });
  }
}

function identity({ source }: CacheFunctions, item: Item): string {
  return keyText(
    source.key.map(({ name }) => name),
    item,
  );
}

function memberOf({ name, member }: CacheFunctions, item: Item): string {
  const text: unknown = callView(name, "member", () => member?.(item));
  if (typeof text === "string" && text !== "") return text;
  throw invalid(name, `a member is ${JSON.stringify(text)}; return a non-empty string`);
}

function scoreOf({ name, score }: CacheFunctions, item: Item): number {
  const number: unknown = callView(name, "score", () => score?.(item));
  // A negative zero would be another value than zero, and the same score.
  if (typeof number === "number" && Number.isFinite(number)) return number === 0 ? 0 : number;
  throw invalid(name, `a score is ${String(number)}; return a finite number`);
}

function valueOf({ name, value }: CacheFunctions, item: Item): Item {
  if (!value) return item;
  const entry: unknown = callView(name, "value", () => value(item));
  if (typeof entry === "object" && entry !== null && !Array.isArray(entry)) return entry as Item;
  throw invalid(name, `a value is ${JSON.stringify(entry)}; return an object of attributes`);
}

function invalid(view: string, fault: string): MillraceError {
  return new MillraceError("invalid-row", `view "${view}": ${fault}`, { context: { view } });
}
