import { neededTables } from "../dynamodb/needed-tables.js";
import type { TableDefinition } from "../dynamodb/table-definition.js";
import { createTableInput } from "../dynamodb/table-definition.js";
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

/** A DynamoDB table for each source, each view and the pipeline itself: on demand, recoverable, encrypted. */
export function tableResources(declarations: Declarations, stage: Stage): Resources {
  return Object.fromEntries(
    allTables(declarations).map((table) => [
      tableLogicalName(table.table),
      tableResource(table, stage),
    ]),
  );
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
