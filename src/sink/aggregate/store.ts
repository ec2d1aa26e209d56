import type { WireItem } from "../../change/attribute-value.js";
import type { EncodedItem } from "../../change/encode-item.js";

/** Where an item is: its table, by the declared name, and its key attributes. */
export interface Place {
  readonly table: string;
  readonly key: EncodedItem;
}

/** What must hold of the stored item for a write to be done. */
export type Condition =
  /** There is no item. */
  | { readonly type: "absent" }
  /** There is an item, and it has this at the end of this path. */
  | {
      readonly type: "equals";
      readonly path: readonly string[];
      readonly value: { S: string } | { N: string };
    }
  /** There is an item, and this attribute of it is a greater number. */
  | { readonly type: "above"; readonly attribute: string; readonly bound: number }
  /** There is no item, or it has this attribute. */
  | { readonly type: "absent-or-has"; readonly attribute: string };

/** Makes the item hold exactly these attributes, besides its key. */
export interface PutWrite extends Place {
  readonly type: "put";
  readonly attributes: EncodedItem;
  readonly condition?: Condition;
}

/** Makes the item absent. */
export interface DeleteWrite extends Place {
  readonly type: "delete";
  readonly condition?: Condition;
}

/** Adds to number attributes, making item and attributes where they are absent, and sets or removes others. */
export interface AddWrite extends Place {
  readonly type: "add";
  /** Decimal texts by attribute; added exactly. */
  readonly numbers: Readonly<Record<string, string>>;
  readonly set?: EncodedItem;
  readonly remove?: readonly string[];
  readonly condition?: Condition;
}

/** Writes nothing: the transaction is done only if the condition holds. */
export interface CheckWrite extends Place {
  readonly type: "check";
  readonly condition: Condition;
}

/** One write of one item. */
export type Write = PutWrite | DeleteWrite | AddWrite;

/** One action of a transaction. */
export type Action = Write | CheckWrite;

/**
 * Why a transaction was not done, as each action sees it.
 *
 * `none`: not because of this one. `condition`: its condition does not hold. `conflict`, `throttled`: passing trouble.
 * `invalid`: the store can never do it, a number beyond 38 digits say.
 */
export type Reason = "none" | "condition" | "conflict" | "throttled" | "invalid";

/** The answer to a transaction: all of it was done, or nothing, with a reason for each action, in their order. */
export type TransactionAnswer =
  { readonly done: true } | { readonly done: false; readonly reasons: readonly Reason[] };

/** A read of the workings in the order of their sort key, by bytes. */
export interface OrderedQuery {
  readonly table: string;
  /** Value of the partition key `pk`. */
  readonly partition: string;
  readonly descending: boolean;
  readonly limit: number;
}

/**
 * The few things the aggregate sink needs of DynamoDB, so that faults can be put between any two of them.
 *
 * Every read is strongly consistent and every write atomic. Methods reject with `unavailable` where it is unknown what
 * became of the call (a timeout: it may have been done), and otherwise as `classifyDynamoDbError` says.
 */
export interface Store {
  /** Items in the order of their places; `undefined` where there is none. Each is read on its own. */
  read(places: readonly Place[]): Promise<readonly (WireItem | undefined)[]>;
  /** Does all of 1 to 100 actions on different items, or nothing. */
  transact(actions: readonly Action[]): Promise<TransactionAnswer>;
  /** One conditional write: `refused` where its condition does not hold. */
  write(write: Write): Promise<"done" | "refused">;
  query(query: OrderedQuery): Promise<readonly WireItem[]>;
  /** All items of a table, in no order. */
  scan(table: string): AsyncIterable<WireItem>;
}

/** Actions of one transaction. Source: DynamoDB developer guide, "Quotas". */
export const MOST_ACTIONS = 100;

/** Key attributes of a table of workings. */
export const WORKINGS_KEY = { partition: "pk", sort: "sk" } as const;
