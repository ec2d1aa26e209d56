import type { Item } from "../change/attribute-value.js";
import type { AggregateSink } from "../sink/aggregate/aggregate-sink.js";
import type { Store } from "../sink/aggregate/store.js";
import type { Sink, StoredRow } from "../sink/sink.js";
import type { Quarantine } from "../state/quarantine.js";
import type { SourceItems } from "../upkeep/source-items.js";
import type { CacheView } from "../view/cache-view.js";
import type { TableView } from "../view/table-view.js";
import type { ViewSource } from "../view/view.js";
import type { Partitions } from "./partitions.js";

/** A row as it is held; without version and owner where somebody else than Millrace wrote it. */
export type HeldRow = Omit<StoredRow, "version" | "owner"> &
  Partial<Pick<StoredRow, "version" | "owner">>;

/** Where rows are held, seen as they are and not as they should be. */
export interface Holder<V> {
  /** Everything readers see, in no order; also what Millrace did not write. */
  scan(view: V): AsyncIterable<HeldRow>;
  /** What readers see under a row's key, or the tombstone there. */
  get(view: V, key: string): Promise<HeldRow | undefined>;
}

/** The tables of table views. */
export interface TableHolder extends Holder<TableView> {
  /** Deletes what Millrace did not write, if it is still that. */
  removeForeign(view: TableView, key: string): Promise<void>;
}

/** What a collection shows, and what its ledger knows. */
export interface CacheHolder extends Holder<CacheView> {
  /** What a collection shows, highest first where it is ordered. */
  shown(view: CacheView, collection: string): Promise<readonly HeldRow[]>;
  /** Everything that is held of one member, whoever contributes it, shown or not. */
  contributions(view: CacheView, key: string): Promise<readonly StoredRow[]>;
  /** The highest score that a collection has cut off, up to which it knows nothing of what it does not hold. */
  cutOff(view: CacheView, collection: string): Promise<number | undefined>;
  /** Makes what a collection shows again of what its ledger knows. */
  rebuild(view: CacheView, collection: string): Promise<void>;
  /** What a value looks like when it is read back. */
  asRead(view: CacheView, value: Item): Item;
  /** Whether a row is kept in memory before anybody asks for it. */
  isKept(view: CacheView, value: Item): boolean;
  /** Tells an owner by what a holder keeps of it. */
  fingerprint(owner: string): string;
}

/** What verification works with. */
export interface VerifyPorts {
  readonly source: SourceItems;
  readonly tables: Sink<TableView>;
  readonly heldTables: TableHolder;
  readonly groups: AggregateSink;
  readonly store: Store;
  /** Absent where no view is kept in a cache. */
  readonly cache?: Sink<CacheView>;
  readonly heldCache?: CacheHolder;
  readonly quarantine: Pick<Quarantine, "fences" | "list">;
  /** How far the views of a source are behind, where that is known. */
  readonly lagMs?: (source: ViewSource) => Promise<number | undefined>;
  readonly partitions: (name: string) => Partitions;
  nowMs(): number;
  sleep(ms: number): Promise<void>;
}
