import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { Redis } from "ioredis";

import { mapBounded } from "../../src/sink/bounded.js";
import { cacheKeyOf, type Endpoints, type Subject, tableOf } from "./subject.js";
import type { Workload } from "./workload.js";

type Image = Record<string, AttributeValue>;
type Write = PutItemCommand | DeleteItemCommand | UpdateItemCommand;

/** An item before a batch and after it. */
interface Folded {
  readonly first: Image | undefined;
  readonly last: Image | undefined;
}

/** As many DynamoDB writes at once as Millrace has under way. */
const CONCURRENCY = 32;

/**
 * The bare limit: the writes that are left once a batch is folded, sent by the plain client and one plain pipeline, with
 * nothing around them: nothing decoded, compared, versioned or conditional.
 */
export function createLimitSubject(workload: Workload, endpoints: Endpoints): Subject {
  const client = new DynamoDBClient({ endpoint: endpoints.dynamodb });
  const redis = new Redis(endpoints.redis);
  return {
    async handle(records) {
      const folded = new Map<string, Folded>();
      for (const { dynamodb } of records) {
        const { OldImage, NewImage } = dynamodb as { OldImage?: Image; NewImage?: Image };
        const id = (NewImage ?? OldImage)!["id"]!.S!;
        const known = folded.get(id);
        folded.set(id, { first: known ? known.first : OldImage, last: NewImage });
      }
      const writes: Write[] = workload.groups === undefined ? [] : groupWrites(folded.values());
      const pipeline = redis.pipeline();
      for (const [id, { first, last }] of folded) {
        for (let k = 0; workload.groups === undefined && k < workload.views; k++)
          writes.push(...rowWrites(k, first, last));
        if (!last) pipeline.del(cacheKeyOf(id));
        else if (isChanged(first, last, 0)) pipeline.set(cacheKeyOf(id), entryText(last));
      }
      await Promise.all([
        mapBounded(writes, CONCURRENCY, (write) => client.send(write as PutItemCommand)),
        pipeline.exec(),
      ]);
    },
  };
}

function rowWrites(k: number, first: Image | undefined, last: Image | undefined): Write[] {
  const TableName = tableOf(k);
  const moved = first && first["owner"]!.S !== last?.["owner"]!.S;
  const leave = moved
    ? [new DeleteItemCommand({ TableName, Key: { owner: first["owner"]!, id: first["id"]! } })]
    : [];
  if (!last || !isChanged(first, last, k)) return leave;
  const { owner, id, payload } = last;
  const Item = {
    owner: owner!,
    id: id!,
    value: last[`value${k}`]!,
    ...(k === 0 && { payload: payload! }),
  };
  return [...leave, new PutItemCommand({ TableName, Item })];
}

/** One update a group. */
function groupWrites(folded: Iterable<Folded>): Write[] {
  const sums = new Map<string, { items: number; total: number }>();
  const add = (image: Image | undefined, sign: 1 | -1) => {
    if (!image) return;
    const owner = image["owner"]?.S ?? "";
    const { items, total } = sums.get(owner) ?? { items: 0, total: 0 };
    sums.set(owner, { items: items + sign, total: total + sign * Number(image["value0"]?.N) });
  };
  for (const { first, last } of folded) {
    add(first, -1);
    add(last, 1);
  }
  return [...sums].map(
    ([owner, { items, total }]) =>
      new UpdateItemCommand({
        TableName: tableOf(0),
        Key: { owner: { S: owner } },
        UpdateExpression: "ADD #items :items, #total :total",
        ExpressionAttributeNames: { "#items": "items", "#total": "total" },
        ExpressionAttributeValues: { ":items": { N: `${items}` }, ":total": { N: `${total}` } },
      }),
  );
}

function isChanged(first: Image | undefined, last: Image, k: number): boolean {
  return (
    first?.["owner"]?.S !== last["owner"]?.S || first?.[`value${k}`]?.N !== last[`value${k}`]?.N
  );
}

function entryText({ id, owner, value0, payload }: Image): string {
  return JSON.stringify({
    id: id?.S,
    owner: owner?.S,
    value: Number(value0?.N),
    payload: payload?.S,
  });
}
