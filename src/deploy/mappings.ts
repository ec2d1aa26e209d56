import { MAPPING_SETTINGS } from "../lambda/mapping-settings.js";
import type { Deployment } from "./deployment.js";
import { FAILURES_BUCKET_ARN } from "./failures.js";
import { eventPatterns } from "./filters.js";
import { type FunctionPlan, viewsFollowing } from "./function-plans.js";
import { functionLogicalName } from "./functions.js";
import { logicalName } from "./logical-name.js";
import { streamArn } from "./tables.js";
import { attribute, type Resource, type Resources } from "./template.js";

/** Logical name of the mapping of a declared table's stream to a function. */
export function mappingLogicalName(functionName: string, table: string): string {
  return logicalName(functionName, table, "Mapping");
}

/**
 * An event source mapping for each function and each stream that its views follow.
 *
 * Written as CloudFormation and not as the framework's `events`, which know neither a bucket as the failure destination
 * nor the mapping's own metrics; and so that a plain template has the very same.
 */
export function mappingResources(deployment: Deployment): Resources {
  return Object.fromEntries(
    deployment.plans.flatMap((plan) =>
      plan.followed.map((table) => [
        mappingLogicalName(plan.name, table),
        mapping(deployment, plan, table),
      ]),
    ),
  );
}

function mapping(deployment: Deployment, plan: FunctionPlan, table: string): Resource {
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
