import type { Declarations } from "../view/declarations.js";
import { FAILURES_QUEUE } from "./failures-queue.js";
import { functionPlans } from "./function-plans.js";
import { logicalName } from "./logical-name.js";
import type { Resource, Resources } from "./tables.js";

/** What alarms take from outside the declarations. */
export interface AlarmSettings {
  /** Service and stage, as the functions' metrics name them: `shop-dev`. */
  readonly deployment: string;
  /** Whom to write to; nobody where it is empty. */
  readonly alarmEmail: string;
}

/** One metric, one limit. */
interface Watch {
  readonly description: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, unknown>>;
  readonly statistic: "Sum" | "Maximum";
  /** The alarm sounds at this value and above. */
  readonly limit: number;
  /** Periods of five minutes in a row that must be at the limit. */
  readonly periods?: number;
}

const TOPIC = "AlarmsTopic";
const PERIOD_SECONDS = 300;

/**
 * Hours of delay worth a message each. Records are given up after 18 hours, and a stream forgets them after 24: the
 * first leaves time to look, the last is the last call.
 */
const AGE_HOURS = [2, 6, 12] as const;

/** Metrics one alarm can add up. Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html */
const MOST_METRICS = 10;

/** A topic, and alarms that write to it: when a function falls behind, fails, or gives something up, and when a change is quarantined. */
export function alarmResources(declarations: Declarations, settings: AlarmSettings): Resources {
  const plans = functionPlans(declarations);
  const watches = plans.flatMap(({ name }) => functionWatches(name, settings.deployment));
  const alarms = [...watches, ["FailuresQueueAlarm", FAILURES_WATCH] as const].map(
    ([name, watch]) => [name, alarm(watch)] as const,
  );
  const views = declarations.views.map(({ name }) => name);
  return {
    [TOPIC]: topic(settings.alarmEmail),
    ...Object.fromEntries(alarms),
    ...quarantineAlarms(views, settings.deployment),
  };
}

function topic(email: string): Resource {
  const Subscription = [{ Protocol: "email", Endpoint: email }];
  return { Type: "AWS::SNS::Topic", Properties: email === "" ? {} : { Subscription } };
}

function functionWatches(name: string, deployment: string): readonly (readonly [string, Watch])[] {
  const lambda = {
    namespace: "AWS/Lambda",
    dimensions: { FunctionName: `${deployment}-${name}` },
    statistic: "Sum",
    limit: 1,
  } as const;
  const ages = AGE_HOURS.map((hours): readonly [string, Watch] => [
    logicalName(name, `Age${hours}h`, "Alarm"),
    {
      ...lambda,
      description: `The function ${name} is ${hours} hours behind; records are given up at 18`,
      metric: "IteratorAge",
      statistic: "Maximum",
      limit: hours * 3_600_000,
    },
  ]);
  return [
    ...ages,
    [
      logicalName(name, "ErrorsAlarm"),
      {
        ...lambda,
        description: `Batches of the function ${name} have failed for 15 minutes; they are tried again until they succeed`,
        metric: "Errors",
        periods: 3,
      },
    ],
    [
      logicalName(name, "ThrottlesAlarm"),
      {
        ...lambda,
        description: `The function ${name} has been throttled for 15 minutes; raise the account's concurrency`,
        metric: "Throttles",
        periods: 3,
      },
    ],
    [
      logicalName(name, "DestinationAlarm"),
      {
        ...lambda,
        description: `What the function ${name} gave up could not be handed to the failures queue and is in the stream alone`,
        metric: "DestinationDeliveryFailures",
      },
    ],
  ];
}

const FAILURES_WATCH: Watch = {
  description:
    "Lambda gave records up; the failures queue says which, and the stream has them for 6 more hours",
  namespace: "AWS/SQS",
  metric: "ApproximateNumberOfMessagesVisible",
  dimensions: { QueueName: { "Fn::GetAtt": [FAILURES_QUEUE, "QueueName"] } },
  statistic: "Maximum",
  limit: 1,
};

function alarm({ description, dimensions, periods = 1, ...watch }: Watch): Resource {
  return {
    Type: "AWS::CloudWatch::Alarm",
    Properties: {
      ...behaviour(description, watch.limit, periods),
      Namespace: watch.namespace,
      MetricName: watch.metric,
      Dimensions: dimensionsOf(dimensions),
      Statistic: watch.statistic,
      Period: PERIOD_SECONDS,
    },
  };
}

/** What all alarms have in common; a metric that says nothing means that nothing happened. */
function behaviour(AlarmDescription: string, Threshold: number, EvaluationPeriods: number) {
  return {
    AlarmDescription,
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
    Threshold,
    EvaluationPeriods,
    TreatMissingData: "notBreaching",
    AlarmActions: [{ Ref: TOPIC }],
    OKActions: [{ Ref: TOPIC }],
  };
}

function dimensionsOf(dimensions: Readonly<Record<string, unknown>>) {
  return Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
}

/** Every view counts what it quarantines; one alarm adds up as many views as it can. */
function quarantineAlarms(views: readonly string[], deployment: string): Resources {
  const alarms: Record<string, Resource> = {};
  for (let start = 0; start < views.length; start += MOST_METRICS) {
    const number = start === 0 ? "" : String(start / MOST_METRICS + 1);
    alarms[`QuarantineAlarm${number}`] = {
      Type: "AWS::CloudWatch::Alarm",
      Properties: {
        ...behaviour(
          "A change was quarantined: a view cannot take it, and it waits for redrive",
          1,
          1,
        ),
        Metrics: [
          { Id: "total", Expression: "SUM(FILL(METRICS(), 0))", ReturnData: true },
          ...views.slice(start, start + MOST_METRICS).map((view, i) => ({
            Id: `view${i + 1}`,
            MetricStat: {
              Metric: {
                Namespace: "Millrace",
                MetricName: "quarantined",
                Dimensions: dimensionsOf({ service: deployment, view }),
              },
              Period: PERIOD_SECONDS,
              Stat: "Sum",
            },
            ReturnData: false,
          })),
        ],
      },
    };
  }
  return alarms;
}
