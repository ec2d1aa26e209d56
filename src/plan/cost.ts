import { unreachable } from "../errors.js";
import { type AggregateView, isDirect } from "../view/aggregate/aggregate-view.js";
import type { View } from "../view/view.js";
import type { Prices } from "./prices.js";

/** How a source is written to, and how its changes come. */
export interface Rates {
  /** Whether this is what functions recorded, or what was said or taken for granted. */
  readonly basis: "measured" | "assumed";
  readonly changesPerSecond: number;
  readonly changesPerBatch: number;
  readonly itemBytes: number;
  /** Rows written for each change, by view. */
  readonly writesPerChange: Readonly<Record<string, number>>;
  /** Groups of an aggregate view for each of its changes in a batch: 1 where all are of different groups. */
  readonly groupsPerChange: number;
}

/** What a million changes of its source cost a view. */
export interface ViewCost {
  readonly view: string;
  readonly writeUnits: number;
  readonly readUnits: number;
  /** Requests to DynamoDB. */
  readonly requests: number;
  readonly redisCommands: number;
  readonly dollars: number;
}

/** What a million changes of its source cost a function beside its views. */
export interface FunctionCost {
  readonly function: "tables" | "cache";
  readonly invocations: number;
  readonly gbSeconds: number;
  /** Fences looked up, progress recorded. */
  readonly bookkeepingUnits: { readonly writes: number; readonly reads: number };
  readonly dollars: number;
}

/** What a million changes of a source cost. */
export interface SourceCost {
  readonly source: string;
  readonly rates: Rates;
  readonly views: readonly ViewCost[];
  readonly functions: readonly FunctionCost[];
  readonly dollars: number;
  /** At these rates, in 730 hours. */
  readonly dollarsPerMonth: number;
}

const MILLION = 1_000_000;
const MONTH_SECONDS = 730 * 3600;
/** Rows of one call; fewer than four go one by one. */
const ROWS_PER_CALL = 25;
const LEAST_ROWS_PER_CALL = 4;
/** A function's time: a batch's own, and each change's. */
const BATCH_MS = 9;
const CHANGE_MS = 0.2;
/** Memory of the functions as they are deployed. */
const MEMORY_GB = { tables: 1.73, cache: 1 } as const;

/** What is taken for granted, for whoever reads the figures. */
export const ASSUMPTIONS = [
  "a write unit is a started KB, twice in a transaction; what is stale costs as much as what is applied",
  "an aggregate: 2 units a change, 2 more for each group and for each ordered or distinct measure, 1 where rows are worked out",
  `a function takes ${BATCH_MS} ms a batch and ${CHANGE_MS} ms a change; polling a stream costs a function nothing`,
  "without figures: four shards read four times a second, every change in every view",
] as const;

/** Reckons what a million changes of a source cost each of its views and functions. */
export function costOf(
  source: string,
  views: readonly View[],
  rates: Rates,
  prices: Prices,
): SourceCost {
  const viewCosts = views.map((view) => viewCost(view, rates, prices));
  const kinds = new Set(views.map(({ kind }) => (kind === "cache-view" ? "cache" : "tables")));
  const functions = [...kinds].sort().map((kind) => functionCost(kind, rates, prices));
  const dollars = sum([...viewCosts, ...functions].map((each) => each.dollars));
  const changesPerMonth = rates.changesPerSecond * MONTH_SECONDS;
  return {
    ...{ source, rates, views: viewCosts, functions, dollars },
    dollarsPerMonth: (dollars * changesPerMonth) / MILLION,
  };
}

function viewCost(view: View, rates: Rates, prices: Prices): ViewCost {
  const writes = rates.writesPerChange[view.name] ?? 1;
  const one = costOfOne(view, writes, rates);
  const [writeUnits, readUnits] = [one.writeUnits * MILLION, one.readUnits * MILLION];
  return {
    view: view.name,
    ...{ writeUnits, readUnits },
    requests: one.requests * MILLION,
    redisCommands: one.redisCommands * MILLION,
    dollars: (writeUnits * prices.writes + readUnits * prices.reads) / MILLION,
  };
}

type Cost = Omit<ViewCost, "view" | "dollars">;

/** Of one change, of which so many rows are written. */
function costOfOne(view: View, writes: number, rates: Rates): Cost {
  switch (view.kind) {
    case "table-view": {
      const writeUnits = writes * Math.ceil(rates.itemBytes / 1024);
      const rows = writes * rates.changesPerBatch;
      const calls = rows < LEAST_ROWS_PER_CALL ? rows : Math.ceil(rows / ROWS_PER_CALL);
      const requests = calls / rates.changesPerBatch;
      return { writeUnits, readUnits: 0, requests, redisCommands: 0 };
    }
    case "aggregate-view":
      return aggregateCost(view, writes, rates);
    case "cache-view":
      return { writeUnits: 0, readUnits: 0, requests: 0, redisCommands: writes };
    default:
      return unreachable(view);
  }
}

/** `src/sink/aggregate/aggregate-sink.ts` says why; `npm run bench -- cost` measures it. */
function aggregateCost(view: AggregateView, writes: number, rates: Rates): Cost {
  const groups = writes * rates.groupsPerChange;
  const apart = Object.values(view.measures).filter(
    ({ kind }) => kind === "ordered" || kind === "distinct-count",
  ).length;
  const direct = isDirect(view);
  const batches = 1 / rates.changesPerBatch;
  return {
    writeUnits: 2 * writes * (1 + apart) + 2 * groups + (direct ? 0 : groups),
    readUnits: writes + (direct ? 0 : 2 * groups),
    // A read and a transaction a batch; and for rows that are worked out, a read a batch and a write a group.
    requests: direct ? 2 * batches : 3 * batches + groups,
    redisCommands: 0,
  };
}

function functionCost(kind: "tables" | "cache", rates: Rates, prices: Prices): FunctionCost {
  const invocations = MILLION / rates.changesPerBatch;
  const ms = invocations * BATCH_MS + MILLION * CHANGE_MS;
  const gbSeconds = (ms / 1000) * MEMORY_GB[kind];
  const units = { writes: invocations, reads: invocations };
  return {
    function: kind,
    ...{ invocations, gbSeconds, bookkeepingUnits: units },
    dollars:
      (invocations * prices.requests + units.writes * prices.writes + units.reads * prices.reads) /
        MILLION +
      gbSeconds * prices.gbSecond,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
