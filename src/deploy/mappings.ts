import { MAPPING_SETTINGS } from "../lambda/mapping-settings.js";
import type { Deployment } from "./deployment.js";
import { FAILURES_BUCKET_ARN } from "./failures.js";
import { eventPatterns } from "./filters.js";
import {
  changePlans,
  type FunctionPlan,
  type QueuePlan,
  queuePlans,
  viewsFollowing,
} from "./function-plans.js";
import { functionLogicalName } from "./functions.js";
import { logicalName } from "./logical-name.js";
import { queueLogicalName } from "./queues.js";
import { streamArn } from "./tables.js";
import { attribute, type Resource, type Resources } from "./template.js";

/** Logical name of the mapping of a declared table's stream to a function. */
export function mappingLogicalName(functionName: string, table: string): string {
  return logicalName(functionName, table, "Mapping");
}

/** Logical name of the mapping of a function's queue to it. */
export function queueMappingLogicalName(functionName: string): string {
  return logicalName(functionName, "QueueMapping");
}

/**
 * An event source mapping for each function and each stream that its views follow, and for each queue that calls one.
 *
 * Written as CloudFormation and not as the framework's `events`, which know neither a bucket as the failure destination
 * nor the mapping's own metrics; and so that a plain template has the very same.
 */
export function mappingResources(deployment: Deployment): Resources {
  const streams = changePlans(deployment.plans).flatMap((plan) =>
    plan.followed.map((table): [string, Resource] => [
      mappingLogicalName(plan.name, table),
      streamMapping(deployment, plan, table),
    ]),
  );
  const queues = queuePlans(deployment.plans).map((plan): [string, Resource] => [
    queueMappingLogicalName(plan.name),
    queueMapping(plan),
  ]);
  return Object.fromEntries([...streams, ...queues]);
}

function streamMapping(deployment: Deployment, plan: FunctionPlan, table: string): Resource {
  const patterns = eventPatterns(viewsFollowing(plan, table));
  const settings = MAPPING_SETTINGS;
  return {
    Type: "AWS::Lambda::EventSourceMapping",
    Properties: {
      EventSourceArn: streamArn(deployment, table),
      FunctionName: attribute(functionLogicalName(plan.name), "Arn"),
      StartingPosition: settings.startingPosition,
      BatchSize: settings.batchSize,
      MaximumBatchingWindowInSeconds: settings.maximumBatchingWindowInSeconds,
      ParallelizationFactor: settings.parallelizationFactor,
      MaximumRetryAttempts: settings.maximumRetryAttempts,
      MaximumRecordAgeInSeconds: settings.maximumRecordAgeInSeconds,
      BisectBatchOnFunctionError: settings.bisectBatchOnFunctionError,
      FunctionResponseTypes: settings.reportBatchItemFailures ? ["ReportBatchItemFailures"] : [],
      ...(patterns.length > 0 && {
        FilterCriteria: {
          Filters: patterns.map((pattern) => ({ Pattern: JSON.stringify(pattern) })),
        },
      }),
      DestinationConfig: { OnFailure: { Destination: FAILURES_BUCKET_ARN } },
      // Records polled, filtered out, delivered and given up, by mapping.
      MetricsConfig: { Metrics: ["EventCount"] },
    },
  };
}

/**
 * Messages that are worked on at once, by what the work is; two are the fewest that Lambda takes.
 *
 * - failures: all fences of a source are one partition of the state table, which takes 1,000 write units a second, and the
 *   functions that are still running put theirs there, too. More at once would throttle them.
 * - backfill: as many as the command works on by itself if nothing else is said. Each writes what a core can, to tables
 *   that the stream writes at the same time; a table on demand takes 4,000 write units a second at first.
 */
const MESSAGES_AT_ONCE = { failures: 2, backfill: 4 } as const;

/** One message a call, because one is work for as long as a call may take: a batch given up, a segment. */
function queueMapping({ name, work }: QueuePlan): Resource {
  return {
    Type: "AWS::Lambda::EventSourceMapping",
    Properties: {
      EventSourceArn: attribute(queueLogicalName(name), "Arn"),
      FunctionName: attribute(functionLogicalName(name), "Arn"),
      BatchSize: 1,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      ScalingConfig: { MaximumConcurrency: MESSAGES_AT_ONCE[work] },
      MetricsConfig: { Metrics: ["EventCount"] },
    },
  };
}
