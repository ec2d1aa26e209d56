import type { Deployment } from "./deployment.js";
import { changePlans, queuePlans } from "./function-plans.js";
import { functionName } from "./functions.js";
import { mappingLogicalName } from "./mappings.js";
import {
  cacheMetric,
  functionMetric,
  mappingMetric,
  type Metric,
  ownMetric,
  queueMetric,
  viewMetric,
} from "./metrics.js";
import { deadLetterLogicalName, queueLogicalName } from "./queues.js";
import { attribute, type Resource, type Resources, substitute, type Text } from "./template.js";

/** Logical name of the dashboard. */
export const DASHBOARD = "Dashboard";

interface Graph {
  readonly title: string;
  readonly statistic: "Sum" | "Maximum" | "Average" | "p99";
  readonly lines: readonly (readonly [label: string, metric: Metric])[];
}

/** Columns of a dashboard, and rows of one graph. */
const COLUMNS = 24;
const ROWS = 6;
const ACROSS = 2;

/** One dashboard: how far each view is behind and how fast it goes, and what its functions, streams and cache do. */
export function dashboardResources(deployment: Deployment): Resources {
  const widgets = graphs(deployment).map((graph, i) => ({
    type: "metric",
    x: (i % ACROSS) * (COLUMNS / ACROSS),
    y: Math.floor(i / ACROSS) * ROWS,
    width: COLUMNS / ACROSS,
    height: ROWS,
    properties: {
      title: graph.title,
      region: "${AWS::Region}",
      view: "timeSeries",
      stat: graph.statistic,
      period: 60,
      metrics: inShort(graph.lines.map(([label, metric]) => line(label, metric))),
    },
  }));
  const dashboard: Resource = {
    Type: "AWS::CloudWatch::Dashboard",
    Properties: {
      DashboardName: deployment.name,
      DashboardBody: substitute(JSON.stringify({ widgets })),
    },
  };
  return { [DASHBOARD]: dashboard };
}

function graphs(deployment: Deployment): readonly Graph[] {
  return [
    ...viewGraphs(deployment),
    ...functionGraphs(deployment),
    ...queueGraphs(deployment),
    ...mappingGraphs(deployment),
    ...cacheGraphs(deployment),
  ];
}

function viewGraphs({ name, declarations }: Deployment): readonly Graph[] {
  const byView = (metric: string) =>
    declarations.views.map((view) => [view.name, viewMetric(name, view.name, metric)] as const);
  return [
    { title: "Lag by view, ms", statistic: "Maximum", lines: byView("lag") },
    { title: "Rows written a minute, by view", statistic: "Sum", lines: byView("applied") },
    { title: "Found stale a minute, by view", statistic: "Sum", lines: byView("stale") },
    { title: "Quarantined, by view", statistic: "Sum", lines: byView("quarantined") },
    { title: "Left for redelivery, by view", statistic: "Sum", lines: byView("unresolved") },
  ];
}

function functionGraphs(deployment: Deployment): readonly Graph[] {
  const { plans } = deployment;
  const byFunction = (metric: string, of = plans) =>
    of.map(({ name }) => [name, functionMetric(functionName(deployment, name), metric)] as const);
  const ages = byFunction("IteratorAge", changePlans(plans));
  return [
    { title: "Iterator age, ms", statistic: "Maximum", lines: ages },
    { title: "Duration of a call, p99, ms", statistic: "p99", lines: byFunction("Duration") },
    { title: "Calls a minute", statistic: "Sum", lines: byFunction("Invocations") },
    {
      title: "Errors and throttles",
      statistic: "Sum",
      lines: [
        ...byFunction("Errors").map(([name, metric]) => [`${name} errors`, metric] as const),
        ...byFunction("Throttles").map(([name, metric]) => [`${name} throttles`, metric] as const),
      ],
    },
  ];
}

function queueGraphs({ name: deployment, plans }: Deployment): readonly Graph[] {
  const lines = queuePlans(plans).flatMap(({ name }) =>
    [
      [`${name} waiting`, queueLogicalName(name)] as const,
      [`${name} dead letters`, deadLetterLogicalName(name)] as const,
    ].map(([label, queue]) => {
      const metric = "ApproximateNumberOfMessagesVisible";
      return [label, queueMetric(attribute(queue, "QueueName"), metric)] as const;
    }),
  );
  return [
    { title: "Messages in queues", statistic: "Maximum", lines },
    {
      title: "Records given up",
      statistic: "Sum",
      lines: [
        ["into quarantine", ownMetric(deployment, "givenUp")],
        ["lost", ownMetric(deployment, "lost")],
      ],
    },
  ];
}

function mappingGraphs({ plans }: Deployment): readonly Graph[] {
  const byMapping = (metric: string) =>
    changePlans(plans).flatMap(({ name, followed }) =>
      followed.map(
        (table) =>
          [`${table} > ${name}`, mappingMetric(mappingLogicalName(name, table), metric)] as const,
      ),
    );
  return [
    { title: "Records polled a minute", statistic: "Sum", lines: byMapping("PolledEventCount") },
    {
      title: "Records filtered out a minute",
      statistic: "Sum",
      lines: byMapping("FilteredOutEventCount"),
    },
  ];
}

function cacheGraphs({ cache }: Deployment): readonly Graph[] {
  if (cache.kind !== "managed") return [];
  const one = (metric: string) => [[metric, cacheMetric(cache.name, metric)] as const];
  return [
    { title: "Cache, bytes", statistic: "Maximum", lines: one("BytesUsedForCache") },
    {
      title: "Cache, processing units a minute",
      statistic: "Sum",
      lines: one("ElastiCacheProcessingUnits"),
    },
  ];
}

/** A line of a graph as CloudWatch writes it: namespace, name, dimensions, and how it is shown. */
function line(label: string, { Namespace, MetricName, Dimensions }: Metric): readonly unknown[] {
  const dimensions = Dimensions.flatMap(({ Name, Value }) => [Name, inText(Value)]);
  return [Namespace, MetricName, ...dimensions, { label }];
}

/**
 * Lines with "..." for what they begin with as the one before does: a template has 51,200 bytes in all.
 *
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
function inShort(lines: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  return lines.map((line, i) => {
    const before = lines[i - 1];
    const own = line.length - 2;
    const isAlike =
      before?.length === line.length && line.slice(0, own).every((part, n) => part === before[n]);
    return isAlike ? ["...", ...line.slice(own)] : line;
  });
}

/** A reference as it is written inside a text. */
function inText(value: Text): string {
  if (typeof value === "string") return value;
  const { Ref, "Fn::GetAtt": path } = value as {
    readonly Ref?: string;
    readonly "Fn::GetAtt"?: readonly string[];
  };
  return `\${${Ref ?? path?.join(".") ?? ""}}`;
}
