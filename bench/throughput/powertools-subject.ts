import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { type AttributeValue, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  PutCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { DynamoDBRecord } from "aws-lambda";
import { Redis } from "ioredis";

import { cacheKeyOf, type Endpoints, type Subject, tableOf } from "./subject.js";
import type { BenchItem, Workload } from "./workload.js";

/**
 * What a good engineer writes today: Powertools' batch processor, the document client with kept-alive connections, and
 * ioredis with auto-pipelining; one put a table view and one set a record, and a delete where an item left or moved. Groups
 * are kept by an update that adds, which counts twice what is delivered twice.
 */
export function createPowertoolsSubject(
  workload: Workload,
  endpoints: Endpoints,
  processInParallel: boolean,
): Subject {
  const processor = new BatchProcessor(EventType.DynamoDBStreams);
  const documents = DynamoDBDocumentClient.from(
    new DynamoDBClient({ endpoint: endpoints.dynamodb }),
  );
  const redis = new Redis(endpoints.redis, { enableAutoPipelining: true });
  const views = Array.from({ length: workload.views }, (_, k) => k);

  async function recordHandler({ dynamodb }: DynamoDBRecord): Promise<void> {
    const before = imageOf(dynamodb?.OldImage);
    const after = imageOf(dynamodb?.NewImage);
    const left = before && before.owner !== after?.owner ? before : undefined;
    const Key = left && { owner: left.owner, id: left.id };
    await Promise.all([
      ...views.map(async (k) => {
        const TableName = tableOf(k);
        if (workload.groups !== undefined) {
          if (before) await documents.send(new UpdateCommand(addition(before, -1)));
          if (after) await documents.send(new UpdateCommand(addition(after, 1)));
          return;
        }
        if (Key) await documents.send(new DeleteCommand({ TableName, Key }));
        if (after) await documents.send(new PutCommand({ TableName, Item: rowOf(after, k) }));
      }),
      after
        ? redis.set(cacheKeyOf(after.id), JSON.stringify(entryOf(after)))
        : redis.del(cacheKeyOf(before!.id)),
    ]);
  }

  return {
    async handle(records) {
      const response = await processPartialResponse(
        { Records: records },
        recordHandler,
        processor,
        { processInParallel },
      );
      if (response.batchItemFailures.length > 0) throw new Error("powertools left changes undone");
    },
  };
}

function addition({ owner, value0 = 0 }: BenchItem, sign: 1 | -1) {
  return {
    TableName: tableOf(0),
    Key: { owner },
    UpdateExpression: "ADD #items :one, #total :value",
    ExpressionAttributeNames: { "#items": "items", "#total": "total" },
    ExpressionAttributeValues: { ":one": sign, ":value": sign * value0 },
  };
}

function imageOf(image: unknown): BenchItem | undefined {
  return image === undefined
    ? undefined
    : (unmarshall(image as Record<string, AttributeValue>) as BenchItem);
}

function rowOf(item: BenchItem, k: number) {
  const { id, owner, payload } = item;
  return { owner, id, value: item[`value${k}`]!, ...(k === 0 && { payload }) };
}

function entryOf({ id, owner, value0, payload }: BenchItem) {
  return { id, owner, value: value0!, payload };
}
