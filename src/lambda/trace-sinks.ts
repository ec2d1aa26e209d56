import type { Sinks } from "../pipeline/pipeline.js";
import type { ApplyResult, Sink } from "../sink/sink.js";
import type { View } from "../view/view.js";
import type { SinkCall, Trace } from "./subsegment.js";

/**
 * Sinks that appear in the trace of each batch, one subsegment a call: `table-view`, `cache-view`.
 *
 * Outside Lambda, and where tracing is off, they are the very sinks given.
 */
export function traceSinks(sinks: Sinks, trace: Trace | undefined = lambdaTrace()): Sinks {
  if (trace === undefined) return sinks;
  // Each sink keeps the kind it is registered for.
  const entries = Object.entries(sinks) as [string, Sink<never>][];
  return Object.fromEntries(entries.map(([kind, sink]) => [kind, traceSink(kind, sink, trace)]));
}

function traceSink<V extends View>(kind: string, sink: Sink<V>, trace: Trace): Sink<V> {
  return {
    ...sink,
    apply: (mutations) => trace(kind, () => sink.apply(mutations), sinkCall),
  };
}

function sinkCall(results: readonly ApplyResult[]): SinkCall {
  const count = (outcome: ApplyResult["outcome"]) =>
    results.filter((result) => result.outcome === outcome).length;
  return {
    mutations: results.length,
    applied: count("applied"),
    stale: count("stale"),
    failed: count("failed"),
  };
}

/** Traces by X-Ray on Lambda; nothing elsewhere, where its client is not even loaded. */
function lambdaTrace(environment = process.env): Trace | undefined {
  const isLambda = environment["AWS_EXECUTION_ENV"]?.startsWith("AWS_Lambda") ?? false;
  if (!isLambda || environment["POWERTOOLS_TRACE_ENABLED"] === "false") return undefined;
  // Asked for at once and not at the first batch: Lambda gives a starting function more CPU than it has later.
  const xray = import("./xray.js");
  return async (name, work, told) => (await xray).traceByXray(name, work, told);
}
