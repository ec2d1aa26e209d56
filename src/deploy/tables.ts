import { neededTables } from "../dynamodb/needed-tables.js";
import type { TableDefinition } from "../dynamodb/table-definition.js";
import { createTableInput } from "../dynamodb/table-definition.js";
import { configurationError } from "../errors.js";
import { STATE_TABLE } from "../state/state-table.js";
import type { Declarations } from "../view/declarations.js";
import { logicalName } from "./logical-name.js";

/** A resource of a CloudFormation template. */
export interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: "Retain" | "Delete";
  readonly UpdateReplacePolicy?: "Retain" | "Delete";
  readonly Properties: Readonly<Record<string, unknown>>;
}

/** Resources by logical name. */
export type Resources = Readonly<Record<string, Resource>>;

/** What a stage decides. */
export interface Stage {
  readonly name: string;
  /** Put before every declared table name, and the names of functions. */
  readonly tablePrefix: string;
  /** Whether data outlives the stack, and cannot be deleted by mistake. */
  readonly keepsData: boolean;
}

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

/**
 * A DynamoDB table for each source, each view and the pipeline itself: on demand, recoverable, encrypted.
 *
 * @throws `configuration`, listing every table whose name does not fit the stage or CloudFormation.
 */
export function tableResources(declarations: Declarations, stage: Stage): Resources {
  const tables = allTables(declarations);
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
