import type { Sinks } from "../pipeline/pipeline.js";
import type { ApplyResult, Sink } from "../sink/sink.js";
import type { View } from "../view/view.js";
import type { SinkCall, Trace } from "./subsegment.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Sinks that X-Ray sees on Lambda; elsewhere, and where tracing is off, the very sinks given. */
export function traceOnLambda(sinks: Sinks, environment: Environment): Sinks {
  const isLambda = environment["AWS_EXECUTION_ENV"]?.startsWith("AWS_Lambda") ?? false;
  const isOff = environment["POWERTOOLS_TRACE_ENABLED"] === "false";
  return isLambda && !isOff ? traceSinks(sinks, lazyXray()) : sinks;
}

/** Sinks that appear in the trace of each batch, one subsegment a call: `table-view`, `cache-view`. */
export function traceSinks(sinks: Sinks, trace: Trace): Sinks {
  // Each sink keeps the kind it is registered for.
  const entries = Object.entries(sinks) as [string, Sink<never>][];
  return Object.fromEntries(entries.map(([kind, sink]) => [kind, traceSink(kind, sink, trace)]));
}

function traceSink<V extends View>(kind: string, sink: Sink<V>, trace: Trace): Sink<V> {
  return {
    ...sink,
    apply: (mutations) => trace(kind, () => sink.apply(mutations), sinkCall),
    correct: (mutations) => trace(kind, () => sink.correct(mutations), sinkCall),
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

/** X-Ray's client, which nobody loads who does not trace. */
function lazyXray(): Trace {
  // Asked for at once and not at the first batch: Lambda gives a starting function more CPU than it has later.
  const xray = import("./xray.js");
  return async (name, work, told) => (await xray).traceByXray(name, work, told);
}
