import { describe, expect, test } from "@jest/globals";

import { alarmResources } from "../../src/deploy/alarms.js";
import type { Resource } from "../../src/deploy/tables.js";
import { MAPPING_SETTINGS } from "../../src/lambda/mapping-settings.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { tableView } from "../../src/view/table-view.js";
import * as declared from "./declared.js";

const declarations = collectDeclarations(declared);
const settings = { deployment: "shop-dev", alarmEmail: "" };
const resources = alarmResources(declarations, settings);

interface Alarm {
  readonly MetricName?: string;
  readonly Namespace?: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: unknown } }[];
  readonly Threshold: number;
  readonly Period?: number;
  readonly EvaluationPeriods: number;
}

function alarms(of = resources): readonly (readonly [string, Alarm & Resource["Properties"]])[] {
  return Object.entries(of)
    .filter(([, { Type }]) => Type === "AWS::CloudWatch::Alarm")
    .map(([name, { Properties }]) => [name, Properties as unknown as Alarm & typeof Properties]);
}

/** Limits of the alarms on a metric of one function. */
function limitsOf(metric: string, name: string): number[] {
  return alarms()
    .filter(([, alarm]) => alarm.MetricName === metric)
    .filter(([, { Dimensions }]) => Dimensions?.[0]?.Value === `shop-dev-${name}`)
    .map(([, { Threshold }]) => Threshold);
}

describe("the alarms of a deployment", () => {
  test.each(["tables", "cache"])(
    "sound when %s is 2, 6 and 12 hours behind, before records are given up",
    (name) => {
      const hours = limitsOf("IteratorAge", name).map((ms) => ms / 3_600_000);
      expect(hours).toEqual([2, 6, 12]);
      expect(Math.max(...hours) * 3600).toBeLessThan(MAPPING_SETTINGS.maximumRecordAgeInSeconds);
    },
  );

  test.each(["Errors", "Throttles", "DestinationDeliveryFailures"])(
    "sound at any %s of either function",
    (metric) => {
      expect(limitsOf(metric, "tables")).toEqual([1]);
      expect(limitsOf(metric, "cache")).toEqual([1]);
    },
  );

  test("wait 15 minutes where trying again may help, and not where something is lost", () => {
    const minutes = Object.fromEntries(
      alarms().map(([name, { EvaluationPeriods, Period = 300 }]) => [
        name,
        (EvaluationPeriods * Period) / 60,
      ]),
    );
    expect(minutes).toMatchObject({
      TablesErrorsAlarm: 15,
      TablesThrottlesAlarm: 15,
      TablesDestinationAlarm: 5,
      FailuresQueueAlarm: 5,
      QuarantineAlarm: 5,
    });
  });

  test("sound when the failures queue holds anything", () => {
    expect(resources["FailuresQueueAlarm"]?.Properties).toMatchObject({
      Namespace: "AWS/SQS",
      MetricName: "ApproximateNumberOfMessagesVisible",
      Dimensions: [{ Name: "QueueName", Value: { "Fn::GetAtt": ["FailuresQueue", "QueueName"] } }],
      Threshold: 1,
    });
  });

  test("sound when any view quarantines a change, however many views there are", () => {
    const views = Array.from({ length: 21 }, (_, i) =>
      tableView({ name: `view-${i}`, source: declared.orders, key: ["orderId"] }),
    );
    const many = alarmResources({ sources: [declared.orders], views }, settings);
    const quarantine = alarms(many).filter(([name]) => name.startsWith("Quarantine"));
    expect(quarantine.map(([name]) => name)).toEqual([
      "QuarantineAlarm",
      "QuarantineAlarm2",
      "QuarantineAlarm3",
    ]);
    const watched = quarantine.flatMap(([, { Metrics = [] }]) =>
      Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : [])),
    );
    expect(watched).toEqual(
      views.map(({ name }) => ({
        Namespace: "Millrace",
        MetricName: "quarantined",
        Dimensions: [
          { Name: "service", Value: "shop-dev" },
          { Name: "view", Value: name },
        ],
      })),
    );
  });

  test("write to one topic, when they sound and when they cease, and rest while nothing happens", () => {
    for (const [, alarm] of alarms()) {
      expect(alarm).toMatchObject({
        ComparisonOperator: "GreaterThanOrEqualToThreshold",
        TreatMissingData: "notBreaching",
        AlarmActions: [{ Ref: "AlarmsTopic" }],
        OKActions: [{ Ref: "AlarmsTopic" }],
      });
    }
    expect(resources["AlarmsTopic"]?.Properties).toEqual({});
    const told = alarmResources(declarations, { ...settings, alarmEmail: "a@example.com" });
    expect(told["AlarmsTopic"]?.Properties).toEqual({
      Subscription: [{ Protocol: "email", Endpoint: "a@example.com" }],
    });
  });
});
