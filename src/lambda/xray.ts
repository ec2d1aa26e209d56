import { Tracer } from "@aws-lambda-powertools/tracer";

import { inSubsegment, type Trace } from "./subsegment.js";

const tracer = new Tracer({
  // A subsegment for each request would be hundreds a batch.
  captureHTTPsRequests: false,
});
// Between invocations there is nothing to trace, which is no mistake.
tracer.provider.setContextMissingStrategy("IGNORE_ERROR");

/** X-Ray leaves what stands for the function's segment in the asynchronous context that loads it: this one. */
const lambdaSegment = tracer.getSegment();

/** Measures work as a subsegment of the invocation under way. */
export const traceByXray: Trace = (name, work, told) => {
  const segment = tracer.provider.getNamespace().runAndReturn(() => {
    if (lambdaSegment) tracer.setSegment(lambdaSegment);
    // Asked for anew, so that it is the segment of this invocation and not of the one before.
    return tracer.getSegment();
  });
  return inSubsegment(segment, name, work, told);
};
