import { ref, type Text } from "./template.js";

/** A metric of CloudWatch, as templates write it. */
export interface Metric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: Text }[];
}

function metric(
  Namespace: string,
  MetricName: string,
  dimensions: Readonly<Record<string, Text>>,
): Metric {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  return { Namespace, MetricName, Dimensions };
}

/** A metric of a function, by the function's name. */
export function functionMetric(functionName: string, name: string): Metric {
  return metric("AWS/Lambda", name, { FunctionName: functionName });
}

/**
 * A metric of an event source mapping, by its logical name.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
 */
export function mappingMetric(logicalName: string, name: string): Metric {
  return metric("AWS/Lambda", name, { EventSourceMappingUUID: ref(logicalName) });
}

/** A metric of a queue, by the queue's name. */
export function queueMetric(queueName: Text, name: string): Metric {
  return metric("AWS/SQS", name, { QueueName: queueName });
}

/**
 * A metric of a serverless cache, by the cache's name.
 * Source: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/serverless-metrics-events-redis.html
 */
export function cacheMetric(cacheName: string, name: string): Metric {
  return metric("AWS/ElastiCache", name, { clusterId: cacheName });
}

/** A count that the functions of a deployment keep of a view. */
export function viewMetric(deployment: string, view: string, name: string): Metric {
  return metric("Millrace", name, { service: deployment, view });
}

/** A count that the functions of a deployment keep of no view in particular. */
export function ownMetric(deployment: string, name: string): Metric {
  return metric("Millrace", name, { service: deployment });
}
