import type { Clock } from "../pipeline/clock.js";
import type { Sink } from "../sink/sink.js";
import type { Quarantine, QuarantineEntry } from "../state/quarantine.js";
import type { SourceItems } from "../upkeep/source-items.js";
import type { AggregateView } from "../view/aggregate/aggregate-view.js";
import type { CacheView } from "../view/cache-view.js";
import type { Declarations } from "../view/declarations.js";
import type { TableView } from "../view/table-view.js";
import type { View } from "../view/view.js";

/** What redrive needs of a sink: rows made true where they are older, and put right where they are as new. */
export type RedriveSink<V extends View> = Pick<Sink<V>, "apply" | "correct">;

/** The sinks redrive writes to, by the kind of view. */
export interface RedriveSinks {
  readonly "table-view"?: RedriveSink<TableView>;
  readonly "aggregate-view"?: RedriveSink<AggregateView>;
  readonly "cache-view"?: RedriveSink<CacheView>;
}

/** What redrive is made of: ports only, so that a simulation runs the same code. */
export interface RedriveParts {
  readonly declarations: Declarations;
  readonly sinks: RedriveSinks;
  readonly quarantine: Quarantine;
  readonly sourceItems: Pick<SourceItems, "get">;
  readonly clock: Clock;
  /** The declared name of a table, by the name DynamoDB knows it by; `undefined` for a table not declared. */
  readonly declaredName: (table: string) => string | undefined;
}

/** Which quarantined items are meant; all, where nothing is said. */
export interface Selection {
  /** A view's name, or `*` for records that could not be read. */
  readonly view?: string;
  /** Key text of one item. */
  readonly itemKey?: string;
  /** Items of which some entry has this error. */
  readonly code?: string;
}

/** What {@link redrive} takes besides its parts. */
export interface RedriveOptions {
  readonly selection?: Selection;
  /** Tells what would be done, and does nothing. */
  readonly dryRun?: boolean;
  /** Gives up what can never be redriven; each entry is handed over whole before it is removed. */
  readonly onDiscard?: (entry: QuarantineEntry) => void | Promise<void>;
  /** Most items a second; as many as go where it is not given. */
  readonly itemsPerSecond?: number;
  /** Stops between two batches of items, leaving the rest as it is. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}
