import type { Deployment } from "./deployment.js";
import { FAILURES_QUEUE } from "./failures.js";
import { changePlans, type FunctionPlan, type QueuePlan, queuePlans } from "./function-plans.js";
import { functionName } from "./functions.js";
import { logicalName } from "./logical-name.js";
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
import { deadLetterLogicalName } from "./queues.js";
import { attribute, ref, type Resource, type Resources, type Text } from "./template.js";

/** Logical name of the topic that alarms write to. */
export const ALARMS_TOPIC = "AlarmsTopic";

/** A limit, and the metrics that are added up and held against it. */
interface Watch {
  readonly description: string;
  readonly metrics: readonly Metric[];
  readonly statistic: "Sum" | "Maximum";
  /** The alarm sounds at this value and above. */
  readonly limit: number;
  readonly periodSeconds?: number;
  /** Periods that are looked at. */
  readonly periods?: number;
  /** How many of them must be at the limit; all where it is left out. */
  readonly atLimit?: number;
}

type NamedWatch = readonly [logicalName: string, watch: Watch];

/**
 * Hours of delay worth a message each. Records are given up after 18 hours, and a stream forgets them after 24: the
 * first leaves time to look, the last is the last call.
 */
const AGE_HOURS = [2, 6, 12] as const;

/** Metrics one alarm can add up. Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html */
const MOST_METRICS = 10;

/** Share of the most that the cache may hold. */
const CACHE_FULL = 0.8;

/** A topic, and alarms that write to it: when a function falls behind, fails, or gives something up, when a change is quarantined or lost, and when the cache is nearly full. */
export function alarmResources(deployment: Deployment): Resources {
  const watches = [
    ...changePlans(deployment.plans).flatMap((plan) => functionWatches(deployment, plan)),
    ...queuePlans(deployment.plans).map((plan) => queueFunctionWatch(deployment, plan)),
    ...messageWatches(deployment),
    ...quarantineWatches(deployment),
    ...cacheWatches(deployment),
  ];
  return {
    [ALARMS_TOPIC]: topic(deployment.alarmEmail),
    ...Object.fromEntries(watches.map(([name, watch]) => [name, alarm(watch)])),
  };
}

function topic(email: Text): Resource {
  const Subscription = [{ Protocol: "email", Endpoint: email }];
  return { Type: "AWS::SNS::Topic", Properties: email === "" ? {} : { Subscription } };
}

function functionWatches(deployment: Deployment, plan: FunctionPlan): readonly NamedWatch[] {
  const { name } = plan;
  const metric = (of: string) => [functionMetric(functionName(deployment, name), of)];
  const ages = AGE_HOURS.map((hours): NamedWatch => [
    logicalName(name, `Age${hours}h`, "Alarm"),
    {
      description: `The function ${name} is ${hours} hours behind; records are given up at 18`,
      metrics: metric("IteratorAge"),
      statistic: "Maximum",
      limit: hours * 3_600_000,
    },
  ]);
  const sum = (
    suffix: string,
    of: string,
    description: string,
    rest: Partial<Watch> = {},
  ): NamedWatch => [
    logicalName(name, `${suffix}Alarm`),
    { description, metrics: metric(of), statistic: "Sum", limit: 1, ...rest },
  ];
  return [
    ...ages,
    sum(
      "Errors",
      "Errors",
      `Batches of the function ${name} have failed for 15 minutes; they are tried again until they succeed`,
      { periods: 3 },
    ),
    sum(
      "Throttles",
      "Throttles",
      `The function ${name} has been throttled for 15 minutes; raise the account's concurrency`,
      { periods: 3 },
    ),
    sum(
      "Destination",
      "DestinationDeliveryFailures",
      `What the function ${name} gave up could not be written to the failures bucket and is in the stream alone`,
    ),
    ...inTens(
      logicalName(name, "Dropped", "Alarm"),
      plan.followed.map((table) =>
        mappingMetric(mappingLogicalName(name, table), "DroppedEventCount"),
      ),
      `Records of the function ${name} were given up`,
    ),
  ];
}

/** A message that fails comes again and is counted by no function; this is the function that threw or was cut off. */
function queueFunctionWatch(deployment: Deployment, { name, work }: QueuePlan): NamedWatch {
  const then = {
    failures: "what Lambda gave up waits in its queue",
    backfill: "the segment comes again, and goes on where it was",
  };
  return [
    logicalName(name, "ErrorsAlarm"),
    {
      description: `The function ${name} was cut off, or could not start; ${then[work]}`,
      metrics: [functionMetric(functionName(deployment, name), "Errors")],
      statistic: "Sum",
      limit: 1,
    },
  ];
}

/** Messages that somebody has to look at: those that nobody takes, and those that could not be taken. */
function messageWatches({ plans }: Deployment): readonly NamedWatch[] {
  const ofQueue = (queue: string, metric: string) =>
    queueMetric(attribute(queue, "QueueName"), metric);
  return [
    [
      "FailuresQueueAlarm",
      {
        description: "What Lambda gave up has waited for an hour, and no function takes it",
        metrics: [ofQueue(FAILURES_QUEUE, "ApproximateAgeOfOldestMessage")],
        statistic: "Maximum",
        limit: 3600,
      },
    ],
    ...inTens(
      "DeadLettersAlarm",
      queuePlans(plans).map(({ name }) =>
        ofQueue(deadLetterLogicalName(name), "ApproximateNumberOfMessagesVisible"),
      ),
      "What Lambda gave up, or a segment of a backfill, has failed time and again: mend it, then move the messages back",
      { statistic: "Maximum" },
    ),
  ];
}

/** What is quarantined stays there, and what is lost stays lost: the alarm stays on for a day. */
const FOR_A_DAY = { periodSeconds: 3600, periods: 24, atLimit: 1 } as const;

/** Every view counts what it quarantines, and the second net what it takes and what it finds no more. */
function quarantineWatches({ declarations, name }: Deployment): readonly NamedWatch[] {
  return [
    ...inTens(
      "QuarantineAlarm",
      [
        ...declarations.views.map((view) => viewMetric(name, view.name, "quarantined")),
        ownMetric(name, "givenUp"),
      ],
      "A change was quarantined in the last day: a view cannot take it, or Lambda gave it up, and it waits for redrive",
      FOR_A_DAY,
    ),
    [
      "LostAlarm",
      {
        description:
          "Records were given up and are no longer in the stream: backfill the views of their table",
        metrics: [ownMetric(name, "lost")],
        statistic: "Sum",
        limit: 1,
        ...FOR_A_DAY,
      },
    ],
  ];
}

function cacheWatches({ cache, stage }: Deployment): readonly NamedWatch[] {
  if (cache.kind !== "managed") return [];
  return [
    [
      "CacheServerMemoryAlarm",
      {
        description: `The cache holds over ${CACHE_FULL * 100} % of the ${stage.cacheGb} GB it may; at the limit it drops entries, or refuses to take any`,
        metrics: [cacheMetric(cache.name, "BytesUsedForCache")],
        statistic: "Maximum",
        limit: CACHE_FULL * stage.cacheGb * 1e9,
      },
    ],
    [
      "CacheServerThrottlesAlarm",
      {
        description: "The cache has turned requests away for 15 minutes",
        metrics: [cacheMetric(cache.name, "ThrottledCmds")],
        statistic: "Sum",
        limit: 1,
        periods: 3,
      },
    ],
  ];
}

/** Alarms on a sum of any number of metrics: one for each ten. */
function inTens(
  name: string,
  metrics: readonly Metric[],
  description: string,
  rest: Partial<Watch> = {},
): readonly NamedWatch[] {
  const watches: NamedWatch[] = [];
  for (let start = 0; start < metrics.length; start += MOST_METRICS) {
    const number = start === 0 ? "" : String(start / MOST_METRICS + 1);
    const ten = metrics.slice(start, start + MOST_METRICS);
    watches.push([
      name + number,
      { description, metrics: ten, statistic: "Sum", limit: 1, ...rest },
    ]);
  }
  return watches;
}

function alarm(watch: Watch): Resource {
  const { description, limit, periods = 1, atLimit = periods } = watch;
  return {
    Type: "AWS::CloudWatch::Alarm",
    Properties: {
      AlarmDescription: description,
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
      Threshold: limit,
      EvaluationPeriods: periods,
      DatapointsToAlarm: atLimit,
      // A metric that says nothing means that nothing happened.
      TreatMissingData: "notBreaching",
      AlarmActions: [ref(ALARMS_TOPIC)],
      OKActions: [ref(ALARMS_TOPIC)],
      ...measure(watch),
    },
  };
}

function measure({ metrics, statistic, periodSeconds = 300 }: Watch) {
  const [only] = metrics;
  if (only !== undefined && metrics.length === 1) {
    const { Namespace, MetricName, Dimensions } = only;
    return { Namespace, MetricName, Dimensions, Statistic: statistic, Period: periodSeconds };
  }
  return {
    Metrics: [
      { Id: "total", Expression: "SUM(FILL(METRICS(), 0))", ReturnData: true },
      ...metrics.map((Metric, i) => ({
        Id: `m${i + 1}`,
        MetricStat: { Metric, Period: periodSeconds, Stat: statistic },
        ReturnData: false,
      })),
    ],
  };
}
