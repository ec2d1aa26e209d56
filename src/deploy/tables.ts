import { neededTables } from "../dynamodb/needed-tables.js";
import type { TableDefinition } from "../dynamodb/table-definition.js";
import { createTableInput } from "../dynamodb/table-definition.js";
import { configurationError } from "../errors.js";
import { STATE_TABLE } from "../state/state-table.js";
import type { Declarations } from "../view/declarations.js";
import type { Deployment } from "./deployment.js";
import { logicalName } from "./logical-name.js";
import type { Stage } from "./stage.js";
import { attribute, type Resource, type Resources, type Text } from "./template.js";

/** Declared name of the pipeline's own table. */
export const STATE_TABLE_NAME = "millrace-state";

/** All tables of a pipeline: sources, views, and its own. */
export function allTables(declarations: Declarations): readonly TableDefinition[] {
  return [...neededTables(declarations), { ...STATE_TABLE, table: STATE_TABLE_NAME }];
}

/** Logical name of a declared table's resource. */
export function tableLogicalName(table: string): string {
  return logicalName(table, "Table");
}

/** Characters of a table's name. Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html */
const MOST_NAME_CHARACTERS = 255;

/** The ARN of a declared table, as CloudFormation fills it in. */
export function tableArn(table: string): Text {
  return attribute(tableLogicalName(table), "Arn");
}

/** The ARN of a declared table's stream: the one given where the table exists, else as CloudFormation fills it in. */
export function streamArn({ existingTables }: Pick<Deployment, "existingTables">, table: string) {
  return existingTables[table] ?? attribute(tableLogicalName(table), "StreamArn");
}

/** The ARN of a declared table that a function reads, which may exist: its stream's ARN begins with it. */
export function sourceArn({ existingTables }: Pick<Deployment, "existingTables">, table: string) {
  const stream = existingTables[table];
  if (stream === undefined) return tableArn(table);
  if (typeof stream === "string") return stream.split("/stream/")[0] ?? stream;
  return { "Fn::Select": [0, { "Fn::Split": ["/stream/", stream] }] };
}

/**
 * A DynamoDB table for each source that does not exist, each view and the pipeline itself: on demand, recoverable,
 * encrypted.
 *
 * @throws `configuration`, listing every table whose name does not fit the stage or CloudFormation.
 */
export function tableResources({
  declarations,
  stage,
  existingTables,
}: Pick<Deployment, "declarations" | "stage" | "existingTables">): Resources {
  const tables = allTables(declarations).filter(({ table }) => !(table in existingTables));
  const mistakes = tableMistakes(
    tables.map(({ table }) => table),
    stage,
  );
  if (mistakes.length > 0) throw configurationError("deployment", mistakes);
  return Object.fromEntries(
    tables.map((table) => [tableLogicalName(table.table), tableResource(table, stage)]),
  );
}

function tableMistakes(tables: readonly string[], { tablePrefix }: Stage): string[] {
  const long = tables
    .filter((table) => tablePrefix.length + table.length > MOST_NAME_CHARACTERS)
    .map(
      (table) =>
        `table "${table}" is named "${tablePrefix}${table}" in this stage, which has over ${MOST_NAME_CHARACTERS} characters; shorten it, the service or the stage`,
    );
  // CloudFormation's names have letters and digits alone: the second table would take the place of the first.
  const same = tables.flatMap((table, i) => {
    const other = tables
      .slice(0, i)
      .find((one) => tableLogicalName(one) === tableLogicalName(table));
    return other === undefined
      ? []
      : [
          `tables "${other}" and "${table}" are both ${tableLogicalName(table)} in CloudFormation, which tells names apart by letters and digits alone; rename one`,
        ];
  });
  return [...long, ...same];
}

function tableResource(definition: TableDefinition, { tablePrefix, keepsData }: Stage): Resource {
  const { StreamSpecification, ...input } = createTableInput(
    definition,
    tablePrefix + definition.table,
  );
  const policy = keepsData ? "Retain" : "Delete";
  return {
    Type: "AWS::DynamoDB::Table",
    DeletionPolicy: policy,
    UpdateReplacePolicy: policy,
    Properties: {
      ...input,
      // CloudFormation takes a stream by its view type alone.
      ...(StreamSpecification && {
        StreamSpecification: { StreamViewType: StreamSpecification.StreamViewType },
      }),
      ...(definition.ttlAttribute && {
        TimeToLiveSpecification: { AttributeName: definition.ttlAttribute, Enabled: true },
      }),
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: { SSEEnabled: true },
      DeletionProtectionEnabled: keepsData,
    },
  };
}
