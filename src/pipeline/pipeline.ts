import type { StreamRecord } from "../change/decode-record.js";
import type { AggregateSink } from "../sink/aggregate/aggregate-sink.js";
import type { Sink } from "../sink/sink.js";
import type { Quarantine } from "../state/quarantine.js";
import type { CacheView } from "../view/cache-view.js";
import type { Declarations } from "../view/declarations.js";
import type { TableView } from "../view/table-view.js";
import type { RetryPolicy } from "./apply-with-retry.js";
import type { BreakerLimits } from "./breaker.js";
import type { Clock, Deadline } from "./clock.js";
import type { ProgressRecorder } from "./record-progress.js";
import type { BatchReport } from "./report.js";

/** The sinks a pipeline writes to; views of a kind that has none are somebody else's work. */
export interface Sinks {
  readonly "table-view"?: Sink<TableView>;
  readonly "aggregate-view"?: AggregateSink;
  readonly "cache-view"?: Sink<CacheView>;
}

/** What a pipeline is made of: ports only, so that a simulation runs the same code. */
export interface PipelineParts {
  readonly declarations: Declarations;
  readonly sinks: Sinks;
  readonly quarantine: Quarantine;
  readonly clock: Clock;
  /** The declared name of a table, by the name DynamoDB knows it by; `undefined` for a table not declared. */
  readonly declaredName: (table: string) => string | undefined;
  readonly retry?: RetryPolicy;
  readonly breaker?: BreakerLimits;
  /** Where it is told how far it came; nowhere where it is not given. */
  readonly progress?: ProgressRecorder;
}

/**
 * Brings views up to date with batches of stream records.
 *
 * Promises, for each batch: every record is applied, found stale, or in quarantine before it is acknowledged; what is
 * neither is named in `unresolved`. Rejects when the whole batch must be delivered again: the configuration is wrong,
 * or so much is poison that it looks like a bad deploy.
 */
export interface Pipeline {
  process(records: readonly StreamRecord[], deadline: Deadline): Promise<BatchReport>;
}
