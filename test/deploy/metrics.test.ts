import { expect, test } from "@jest/globals";

import {
  cacheMetric,
  functionMetric,
  mappingMetric,
  type Metric,
  queueMetric,
  viewMetric,
} from "../../src/deploy/metrics.js";

test.each<[Metric, string, Readonly<Record<string, unknown>>]>([
  [functionMetric("f", "Errors"), "AWS/Lambda", { FunctionName: "f" }],
  [mappingMetric("M", "DroppedEventCount"), "AWS/Lambda", { EventSourceMappingUUID: { Ref: "M" } }],
  [queueMetric("q", "Visible"), "AWS/SQS", { QueueName: "q" }],
  [cacheMetric("c", "BytesUsedForCache"), "AWS/ElastiCache", { clusterId: "c" }],
  [viewMetric("shop-dev", "v", "lag"), "Millrace", { service: "shop-dev", view: "v" }],
])("a metric is found where its service writes it: %j", (metric, namespace, dimensions) => {
  expect(metric.Namespace).toBe(namespace);
  const found = metric.Dimensions.map(({ Name, Value }) => [Name, Value] as const);
  expect(Object.fromEntries(found)).toEqual(dimensions);
});
