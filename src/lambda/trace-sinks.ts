import type { Tracer } from "@aws-lambda-powertools/tracer";

import type { Sinks } from "../pipeline/pipeline.js";
import type { ApplyResult, Sink } from "../sink/sink.js";
import type { View } from "../view/view.js";

/** What is told of one call of a sink. */
export interface SinkCall {
  readonly mutations: number;
  readonly applied: number;
  readonly stale: number;
  readonly failed: number;
}

/** Measures one piece of work as a subsegment of the invocation's trace. */
export type Trace = <T>(
  name: string,
  work: () => Promise<T>,
  told: (result: T) => SinkCall,
) => Promise<T>;

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

/** Traces by X-Ray on Lambda; nothing elsewhere, where the tracer is not even loaded. */
function lambdaTrace(environment = process.env): Trace | undefined {
  const isLambda = environment["AWS_LAMBDA_INITIALIZATION_TYPE"] !== undefined;
  if (!isLambda || environment["POWERTOOLS_TRACE_ENABLED"] === "false") return undefined;
  // Asked for at once and not at the first batch: Lambda gives a starting function more CPU than it has later.
  // A subsegment for each request would be hundreds a batch.
  const tracer = import("@aws-lambda-powertools/tracer").then(
    ({ Tracer: XRay }) => new XRay({ captureHTTPsRequests: false }),
  );
  return async (name, work, told) => inSubsegment(await tracer, name, work, told);
}

/** Runs work inside a subsegment of the invocation's trace, closed whatever happens. */
export async function inSubsegment<T>(
  tracer: Pick<Tracer, "getSegment">,
  name: string,
  work: () => Promise<T>,
  told: (result: T) => SinkCall,
): Promise<T> {
  const subsegment = tracer.getSegment()?.addNewSubsegment(name);
  try {
    const result = await work();
    const call = told(result);
    for (const [key, value] of Object.entries(call)) subsegment?.addAnnotation(key, value);
    if (call.failed > 0) subsegment?.addErrorFlag();
    return result;
  } catch (thrown) {
    subsegment?.addError(thrown as Error);
    throw thrown;
  } finally {
    subsegment?.close();
  }
}
