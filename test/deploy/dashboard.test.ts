import { describe, expect, test } from "@jest/globals";

import { dashboardResources } from "../../src/deploy/dashboard.js";
import { deploymentOf } from "./declared.js";

interface Widget {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly title: string;
    readonly metrics: readonly (readonly unknown[])[];
  };
}

const body = dashboardResources(deploymentOf())["Dashboard"]?.Properties["DashboardBody"];
const { widgets } = JSON.parse((body as { "Fn::Sub": string })["Fn::Sub"]) as { widgets: Widget[] };

/** Lines written out in full: CloudWatch reads "..." as what the line before begins with. */
function inFull(lines: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  const full: (readonly unknown[])[] = [];
  for (const line of lines) {
    const before = full.at(-1) ?? [];
    const [first, ...own] = line;
    full.push(first === "..." ? [...before.slice(0, before.length - own.length), ...own] : line);
  }
  return full;
}

/** Lines of a graph, each by its label and what it shows. */
function graph(title: string): string[] {
  const { metrics } = widgets.find(({ properties }) => properties.title === title)!.properties;
  return inFull(metrics).map((metric) => {
    const { label } = metric.at(-1) as { label: string };
    return `${label}: ${metric.slice(0, -1).join(" ")}`;
  });
}

describe("the dashboard", () => {
  test("shows lag and rate of every view", () => {
    expect(graph("Lag by view, ms")).toEqual([
      "orders-by-customer: Millrace lag service shop-dev view orders-by-customer",
      "large-orders: Millrace lag service shop-dev view large-orders",
      "order-cards: Millrace lag service shop-dev view order-cards",
    ]);
    expect(graph("Rows written a minute, by view")).toHaveLength(3);
    expect(graph("Quarantined, by view")).toHaveLength(3);
  });

  test("shows how far behind every function is, what every mapping takes, and how full the cache is", () => {
    expect(graph("Iterator age, ms")).toEqual([
      "tables: AWS/Lambda IteratorAge FunctionName shop-dev-tables",
      "cache: AWS/Lambda IteratorAge FunctionName shop-dev-cache",
    ]);
    expect(graph("Records polled a minute")).toContain(
      "orders > cache: AWS/Lambda PolledEventCount EventSourceMappingUUID ${CacheOrdersMapping}",
    );
    expect(graph("Errors and throttles")).toContain(
      "backfill errors: AWS/Lambda Errors FunctionName shop-dev-backfill",
    );
    expect(graph("Cache, bytes")).toHaveLength(1);
  });

  test("shows what waits in every queue, and what became of what Lambda gave up", () => {
    const visible = "AWS/SQS ApproximateNumberOfMessagesVisible QueueName";
    expect(graph("Messages in queues")).toEqual([
      `failures waiting: ${visible} \${FailuresQueue.QueueName}`,
      `failures dead letters: ${visible} \${FailuresDeadLetterQueue.QueueName}`,
      `backfill waiting: ${visible} \${BackfillQueue.QueueName}`,
      `backfill dead letters: ${visible} \${BackfillDeadLetterQueue.QueueName}`,
    ]);
    expect(graph("Records given up")).toEqual([
      "into quarantine: Millrace givenUp service shop-dev",
      "lost: Millrace lost service shop-dev",
    ]);
  });

  test("is two graphs wide, and no graph covers another", () => {
    const places = widgets.map(({ x, y, width, height }) => [x, y, width, height].join());
    expect(new Set(places).size).toBe(widgets.length);
    for (const { x, width } of widgets) expect(x + width).toBeLessThanOrEqual(24);
  });
});
