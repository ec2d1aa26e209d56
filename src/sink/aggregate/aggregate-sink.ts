import type { Item } from "../../change/attribute-value.js";
import type { AggregateView } from "../../view/aggregate/aggregate-view.js";
import type { Mutation } from "../../view/row.js";
import type { ApplyResult } from "../sink.js";
import type { Store } from "./store.js";

/** The row of a group, without Millrace's own bookkeeping. */
export interface StoredGroup {
  /** Key text of the row. */
  readonly key: string;
  readonly value: Item;
}

/** Where the rows of aggregate views live. */
export interface AggregateSink {
  /** As {@link Sink.apply}: never rejects, answers each contribution, in the order given. */
  apply(mutations: readonly Mutation<AggregateView>[]): Promise<readonly ApplyResult[]>;
  /** The row of a group, strongly consistent. */
  get(view: AggregateView, key: string): Promise<StoredGroup | undefined>;
  /** The rows of all groups of a view, in no order. */
  scan(view: AggregateView): AsyncIterable<StoredGroup>;
  close(): Promise<void>;
}

/** What {@link createAggregateSink} takes. */
export interface AggregateSinkOptions {
  readonly store: Store;
}
