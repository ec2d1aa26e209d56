import type { Logger } from "@aws-lambda-powertools/logger";
import type { Metrics } from "@aws-lambda-powertools/metrics";
import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from "aws-lambda";

import type { StreamRecord } from "../change/decode-record.js";
import type { Pipeline } from "../pipeline/pipeline.js";
import type { BatchReport, ViewReport } from "../pipeline/report.js";
import { batchResponse } from "./batch-response.js";

/** A Lambda function that takes a batch of a DynamoDB stream and reports what it could not finish. */
export type StreamHandler = (
  event: DynamoDBStreamEvent,
  context: Pick<Context, "getRemainingTimeInMillis" | "awsRequestId">,
) => Promise<DynamoDBBatchResponse>;

/** What a handler needs; made once a container, outside the handler, and reused. */
export interface StreamHandlerParts {
  readonly pipeline: Pipeline;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/**
 * Makes the Lambda handler of a pipeline: stream event in, batch response out, and a log line and metrics beside.
 *
 * Throws, so that Lambda delivers the whole batch again, exactly when the pipeline rejects.
 */
export function createStreamHandler({
  pipeline,
  logger,
  metrics,
}: StreamHandlerParts): StreamHandler {
  return async (event, context) => {
    const records = event.Records as readonly StreamRecord[];
    const deadline = { remainingMs: () => context.getRemainingTimeInMillis() };
    const span = spanOf(records);
    try {
      const report = await pipeline.process(records, deadline);
      logReport(logger, span, report);
      for (const view of report.views) countView(metrics, view);
      return batchResponse(report);
    } catch (thrown) {
      logger.error("batch failed; it will be delivered again", { ...span, error: thrown as Error });
      throw thrown;
    }
  };
}

/** First and last sequence number: what ties a log line to the records it is about. */
function spanOf(records: readonly StreamRecord[]): Record<string, unknown> {
  return {
    records: records.length,
    firstSequenceNumber: records[0]?.dynamodb?.SequenceNumber,
    lastSequenceNumber: records[records.length - 1]?.dynamodb?.SequenceNumber,
  };
}

function logReport(logger: Logger, span: Record<string, unknown>, report: BatchReport): void {
  for (const { kind, view, itemKey, sequenceNumber, error } of report.problems) {
    const fields = { view, itemKey, sequenceNumber, code: error.code, error };
    if (kind === "quarantined") logger.error("change quarantined", fields);
    else logger.warn("change left for redelivery", fields);
  }
  const { unrecorded: error } = report;
  if (error) logger.warn("progress not recorded", { code: error.code, error });
  logger.debug("batch processed", { ...span, unresolved: report.unresolved, views: report.views });
}

/** One metric a count, with the view as its dimension, in CloudWatch's embedded metric format. */
function countView(metrics: Metrics, report: ViewReport): void {
  metrics.addDimension("view", report.view);
  metrics.addMetric("applied", "Count", report.applied);
  metrics.addMetric("stale", "Count", report.stale);
  metrics.addMetric("skipped", "Count", report.skipped);
  metrics.addMetric("unchanged", "Count", report.unchanged);
  metrics.addMetric("quarantined", "Count", report.quarantined);
  metrics.addMetric("unresolved", "Count", report.unresolved);
  metrics.addMetric("lag", "Milliseconds", report.lagMs);
  metrics.publishStoredMetrics();
  metrics.clearDimensions();
}
