import { describe, expect, test } from "@jest/globals";

import { alarmResources } from "../../src/deploy/alarms.js";
import { mappingResources } from "../../src/deploy/mappings.js";
import { resourcesOf } from "../../src/deploy/resources.js";
import { MAPPING_SETTINGS } from "../../src/lambda/mapping-settings.js";
import { tableView } from "../../src/view/table-view.js";
import { deploymentOf, orders } from "./declared.js";

interface Metric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: unknown }[];
}

interface Alarm extends Partial<Metric> {
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: Metric } }[];
  readonly Threshold: number;
  readonly Statistic?: string;
  readonly Period?: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm: number;
}

const resources = alarmResources(deploymentOf());
const alarms = alarmsOf(resources);

function alarmsOf(of: typeof resources): Readonly<Record<string, Alarm>> {
  return Object.fromEntries(
    Object.entries(of)
      .filter(([, { Type }]) => Type === "AWS::CloudWatch::Alarm")
      .map(([name, { Properties }]) => [name, Properties as unknown as Alarm]),
  );
}

/** The metrics an alarm holds against its limit: one, or a sum. */
function metricsOf({ Metrics = [], Namespace, MetricName, Dimensions }: Alarm): readonly Metric[] {
  if (Namespace && MetricName && Dimensions) return [{ Namespace, MetricName, Dimensions }];
  return Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : []));
}

/** What an alarm says, in a line: the metric and of what, the limit, and for how long. */
function said(alarm: Alarm): string {
  const [metric] = metricsOf(alarm);
  const of = metric?.Dimensions.map(({ Value }) =>
    JSON.stringify(Value).replaceAll('"', ""),
  ).join();
  const period =
    alarm.Period ??
    (alarm.Metrics?.[1] as { MetricStat: { Period: number } } | undefined)?.MetricStat.Period;
  const minutes = ((period ?? 0) * alarm.EvaluationPeriods) / 60;
  const periods = `${alarm.DatapointsToAlarm} of ${alarm.EvaluationPeriods} in ${minutes} min`;
  return `${metric?.MetricName} of ${of} >= ${alarm.Threshold}, ${periods}`;
}

describe("G38: the alarms of a deployment", () => {
  test("are these, and no others", () => {
    const lines = Object.fromEntries(
      Object.entries(alarms).map(([name, alarm]) => [name, said(alarm)]),
    );
    expect(lines).toEqual({
      TablesAge2hAlarm: "IteratorAge of shop-dev-tables >= 7200000, 1 of 1 in 5 min",
      TablesAge6hAlarm: "IteratorAge of shop-dev-tables >= 21600000, 1 of 1 in 5 min",
      TablesAge12hAlarm: "IteratorAge of shop-dev-tables >= 43200000, 1 of 1 in 5 min",
      TablesErrorsAlarm: "Errors of shop-dev-tables >= 1, 3 of 3 in 15 min",
      TablesThrottlesAlarm: "Throttles of shop-dev-tables >= 1, 3 of 3 in 15 min",
      TablesDestinationAlarm:
        "DestinationDeliveryFailures of shop-dev-tables >= 1, 1 of 1 in 5 min",
      TablesDroppedAlarm: "DroppedEventCount of {Ref:TablesOrdersMapping} >= 1, 1 of 1 in 5 min",
      CacheAge2hAlarm: "IteratorAge of shop-dev-cache >= 7200000, 1 of 1 in 5 min",
      CacheAge6hAlarm: "IteratorAge of shop-dev-cache >= 21600000, 1 of 1 in 5 min",
      CacheAge12hAlarm: "IteratorAge of shop-dev-cache >= 43200000, 1 of 1 in 5 min",
      CacheErrorsAlarm: "Errors of shop-dev-cache >= 1, 3 of 3 in 15 min",
      CacheThrottlesAlarm: "Throttles of shop-dev-cache >= 1, 3 of 3 in 15 min",
      CacheDestinationAlarm: "DestinationDeliveryFailures of shop-dev-cache >= 1, 1 of 1 in 5 min",
      CacheDroppedAlarm: "DroppedEventCount of {Ref:CacheOrdersMapping} >= 1, 1 of 1 in 5 min",
      FailuresErrorsAlarm: "Errors of shop-dev-failures >= 1, 1 of 1 in 5 min",
      BackfillErrorsAlarm: "Errors of shop-dev-backfill >= 1, 1 of 1 in 5 min",
      FailuresQueueAlarm:
        "ApproximateAgeOfOldestMessage of {Fn::GetAtt:[FailuresQueue,QueueName]} >= 3600, 1 of 1 in 5 min",
      DeadLettersAlarm:
        "ApproximateNumberOfMessagesVisible of {Fn::GetAtt:[FailuresDeadLetterQueue,QueueName]} >= 1, 1 of 1 in 5 min",
      QuarantineAlarm: "quarantined of shop-dev,orders-by-customer >= 1, 1 of 24 in 1440 min",
      LostAlarm: "lost of shop-dev >= 1, 1 of 24 in 1440 min",
      CacheServerMemoryAlarm: "BytesUsedForCache of shop-dev >= 800000000, 1 of 1 in 5 min",
      CacheServerThrottlesAlarm: "ThrottledCmds of shop-dev >= 1, 3 of 3 in 15 min",
    });
  });

  test("sound for delay before records are given up", () => {
    const ages = Object.values(alarms).filter(({ MetricName }) => MetricName === "IteratorAge");
    for (const { Threshold, Statistic } of ages) {
      expect(Threshold / 1000).toBeLessThan(MAPPING_SETTINGS.maximumRecordAgeInSeconds);
      expect(Statistic).toBe("Maximum");
    }
  });

  test("watch every queue of messages that could not be taken", () => {
    const watched = metricsOf(alarms["DeadLettersAlarm"]!).map(({ Dimensions }) => Dimensions[0]);
    const queues = Object.keys(resourcesOf(deploymentOf())).filter((name) =>
      name.endsWith("DeadLetterQueue"),
    );
    expect(queues).toHaveLength(2);
    expect(watched).toEqual(
      queues.map((queue) => ({ Name: "QueueName", Value: { "Fn::GetAtt": [queue, "QueueName"] } })),
    );
  });

  test("watch every mapping of a stream for what it drops", () => {
    const watched = Object.values(alarms)
      .flatMap(metricsOf)
      .filter(({ MetricName }) => MetricName === "DroppedEventCount")
      .map(({ Dimensions }) => (Dimensions[0]?.Value as { Ref: string }).Ref);
    const mappings = Object.keys(mappingResources(deploymentOf()));
    expect(watched.sort()).toEqual(mappings.filter((name) => !name.includes("Queue")).sort());
  });

  test("sound when any view quarantines a change, however many views there are, and for what Lambda gave up", () => {
    const views = Array.from({ length: 21 }, (_, i) =>
      tableView({ name: `view-${i}`, source: orders, key: ["orderId"] }),
    );
    const many = alarmsOf(alarmResources(deploymentOf({}, { ...views })));
    const quarantine = Object.entries(many).filter(([name]) => name.startsWith("Quarantine"));
    expect(quarantine.map(([name]) => name)).toEqual([
      "QuarantineAlarm",
      "QuarantineAlarm2",
      "QuarantineAlarm3",
    ]);
    const service = { Name: "service", Value: "shop-dev" };
    expect(quarantine.flatMap(([, alarm]) => metricsOf(alarm))).toEqual([
      ...views.map(({ name }) => ({
        Namespace: "Millrace",
        MetricName: "quarantined",
        Dimensions: [service, { Name: "view", Value: name }],
      })),
      { Namespace: "Millrace", MetricName: "givenUp", Dimensions: [service] },
    ]);
  });

  test("say nothing of a cache that is not the deployment's own", () => {
    const names = Object.keys(alarmResources(deploymentOf({ redisUrl: "redis://cache:6379" })));
    expect(names).not.toContain("CacheServerMemoryAlarm");
  });

  test("write to one topic, when they sound and when they cease, and rest while nothing happens", () => {
    for (const alarm of Object.values(alarms)) {
      expect(alarm).toMatchObject({
        ComparisonOperator: "GreaterThanOrEqualToThreshold",
        TreatMissingData: "notBreaching",
        AlarmActions: [{ Ref: "AlarmsTopic" }],
        OKActions: [{ Ref: "AlarmsTopic" }],
      });
    }
    expect(resources["AlarmsTopic"]?.Properties).toEqual({});
    const told = alarmResources(deploymentOf({ alarmEmail: "a@example.com" }));
    expect(told["AlarmsTopic"]?.Properties).toEqual({
      Subscription: [{ Protocol: "email", Endpoint: "a@example.com" }],
    });
  });
});
