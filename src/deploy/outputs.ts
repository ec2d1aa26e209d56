import { ALARMS_TOPIC } from "./alarms.js";
import { DASHBOARD } from "./dashboard.js";
import { type Deployment, existingTableName } from "./deployment.js";
import { FAILURES_BUCKET, FAILURES_QUEUE } from "./failures.js";
import { existingTableNames, functionName } from "./functions.js";
import { logicalName } from "./logical-name.js";
import { CACHE } from "./managed-cache.js";
import { BACKFILL_QUEUE } from "./queues.js";
import { allTables, tableLogicalName } from "./tables.js";
import { type Output, type Outputs, ref, substitute } from "./template.js";

const CONSOLE = "https://${AWS::Region}.console.aws.amazon.com";

/** Names of what was deployed, and where in the console to look at it. */
export function outputsOf(deployment: Deployment): Outputs {
  return {
    DashboardUrl: link(
      "Lag and rates of every view",
      `/cloudwatch/home?region=\${AWS::Region}#dashboards/dashboard/\${${DASHBOARD}}`,
    ),
    AlarmsUrl: link(
      "Alarms of this deployment",
      `/cloudwatch/home?region=\${AWS::Region}#alarmsV2:?search=\${AWS::StackName}`,
    ),
    TracesUrl: link(
      "Traces of batches",
      "/cloudwatch/home?region=${AWS::Region}#xray:traces/query",
    ),
    AlarmsTopicArn: { Description: "Topic that alarms write to", Value: ref(ALARMS_TOPIC) },
    FailuresBucketName: {
      Description: "Bucket of the records that Lambda gave up",
      Value: ref(FAILURES_BUCKET),
    },
    FailuresQueueUrl: {
      Description: "Queue with a message for each object in the failures bucket",
      Value: ref(FAILURES_QUEUE),
    },
    ...backfillOutputs(deployment),
    ...functionOutputs(deployment),
    ...tableOutputs(deployment),
    ...cacheOutputs(deployment),
  };
}

function link(Description: string, path: string): Output {
  return { Description, Value: substitute(CONSOLE + path) };
}

/** The queue of backfills, and the command that gives it segments, as it is typed in the project's folder. */
function backfillOutputs(deployment: Deployment): Outputs {
  const plan = deployment.plans.find(({ work }) => work === "backfill");
  if (!plan) return {};
  const tableNames = existingTableNames(deployment, plan.followed);
  const command = [
    `MILLRACE_TABLE_PREFIX=${deployment.stage.tablePrefix}`,
    ...(tableNames === undefined ? [] : ["MILLRACE_TABLE_NAMES=${TableNames}"]),
    "AWS_REGION=${AWS::Region}",
    `npx millrace backfill VIEW --segments 64 --queue \${${BACKFILL_QUEUE}}`,
  ].join(" ");
  const Value =
    tableNames === undefined
      ? substitute(command)
      : { "Fn::Sub": [command, { TableNames: tableNames }] };
  return {
    BackfillQueueUrl: { Description: "Queue of segments of backfills", Value: ref(BACKFILL_QUEUE) },
    BackfillCommand: { Description: "Has functions backfill a view: name it for VIEW", Value },
  };
}

function functionOutputs(deployment: Deployment): Outputs {
  return Object.fromEntries(
    deployment.plans.map(({ name, description }) => [
      logicalName(name, "FunctionUrl"),
      link(
        `${description}: ${functionName(deployment, name)}`,
        `/lambda/home?region=\${AWS::Region}#/functions/${functionName(deployment, name)}`,
      ),
    ]),
  );
}

function tableOutputs({ declarations, existingTables }: Deployment): Outputs {
  return Object.fromEntries(
    allTables(declarations).map(({ table }) => {
      const existing = existingTables[table];
      const Value = existing ? existingTableName(existing) : ref(tableLogicalName(table));
      return [logicalName(table, "TableName"), { Description: `Table ${table}`, Value }];
    }),
  );
}

function cacheOutputs({ cache }: Deployment): Outputs {
  if (cache.kind !== "managed") return {};
  const Value = substitute(`rediss://\${${CACHE}.Endpoint.Address}:\${${CACHE}.Endpoint.Port}`);
  return { CacheUrl: { Description: "Address of the cache, inside its network", Value } };
}
