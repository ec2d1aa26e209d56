import type { DynamoDBRecord } from "aws-lambda";

/** Who is measured. */
export type SubjectName = "millrace" | "powertools-parallel" | "powertools-sequential" | "limit";

/** Where a subject writes to. */
export interface Endpoints {
  readonly dynamodb: string;
  readonly redis: string;
}

/** A handler under measurement. */
export interface Subject {
  handle(records: DynamoDBRecord[]): Promise<void>;
}

/** Name of the k-th view's table. */
export const tableOf = (k: number) => `bench-view-${k}`;

/** Redis key of an item. */
export const cacheKeyOf = (id: string) => `bench:${id}`;
