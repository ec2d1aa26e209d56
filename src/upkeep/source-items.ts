import {
  type AttributeValue,
  BatchGetItemCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  paginateScan,
} from "@aws-sdk/client-dynamodb";

import { decodeItem, type Item, type WireItem } from "../change/attribute-value.js";
import { decodeImage } from "../change/decode-record.js";
import { keyText } from "../change/item-key.js";
import { classifyDynamoDbError } from "../dynamodb/classify-error.js";
import { decodeKey } from "../dynamodb/decode-key.js";
import { SCAN_SEGMENTS } from "../dynamodb/scan-table.js";
import { MillraceError } from "../errors.js";
import type { ViewSource } from "../view/view.js";

/** An item of a source, with its key text. */
export interface SourceItem {
  readonly owner: string;
  readonly item: Item;
}

/** Some items of a scan, and where to go on. */
export interface SourcePage {
  readonly items: readonly SourceItem[];
  /** Items the page went over, those that are no items of the source (tombstones) among them. */
  readonly scanned: number;
  /** Read units the page took. */
  readonly readUnits: number;
  /** Key text of the last item looked at: where the next page begins; absent after the last one. */
  readonly next?: string;
}

/** One part of a parallel scan. */
export interface Segment {
  readonly index: number;
  readonly total: number;
  /** Where to go on: a page's `next`. */
  readonly after?: string;
  /** Most items of a page. */
  readonly pageItems?: number;
}

/**
 * The items that a view's source has now, as a change's new image would show them.
 *
 * Every read is strongly consistent. Methods reject as `classifyDynamoDbError` says.
 */
export interface SourceItems {
  /** The label of the source's stream, as of now. Rejects with `configuration` where it has none. */
  streamLabel(source: ViewSource): Promise<string>;
  /** One part of a scan, page after page. */
  scan(source: ViewSource, segment: Segment): AsyncIterable<SourcePage>;
  /** The items that have these keys; those that are not there are left out. */
  get(source: ViewSource, owners: readonly string[]): Promise<ReadonlyMap<string, Item>>;
}

/** What {@link createSourceItems} takes. */
export interface SourceItemsOptions {
  /** Not closed: it may serve others. */
  readonly client: DynamoDBClient;
  /** The name DynamoDB knows a declared table by. */
  readonly tableName: (table: string) => string;
}

/** Keys of one BatchGetItem. Source: DynamoDB developer guide, "Quotas". */
const MOST_KEYS = 100;
const RETRY_DELAY_MS = 50;

/** Reads sources in DynamoDB. */
export function createSourceItems({ client, tableName }: SourceItemsOptions): SourceItems {
  return {
    async streamLabel({ table }) {
      const TableName = tableName(table);
      try {
        const { Table } = await client.send(new DescribeTableCommand({ TableName }));
        const isOn = Table?.StreamSpecification?.StreamEnabled === true;
        if (isOn && Table.LatestStreamLabel !== undefined) return Table.LatestStreamLabel;
      } catch (thrown) {
        throw classifyDynamoDbError(thrown, TableName);
      }
      throw new MillraceError(
        "configuration",
        `table "${TableName}" has no stream; enable one with NEW_AND_OLD_IMAGES`,
      );
    },
    scan: (source, segment) => scanSegment(client, tableName(source.table), source, segment),
    async get(source, owners) {
      const found = new Map<string, Item>();
      for (let from = 0; from < owners.length; from += MOST_KEYS) {
        const keys = owners
          .slice(from, from + MOST_KEYS)
          .map((owner) => decodeKey(source.key, owner));
        for (const wire of await getSome(client, tableName(source.table), keys)) {
          const each = sourceItem(source, wire);
          if (each) found.set(each.owner, each.item);
        }
      }
      return found;
    },
  };
}

async function* scanSegment(
  client: DynamoDBClient,
  TableName: string,
  source: ViewSource,
  { index, total, after, pageItems }: Segment,
): AsyncGenerator<SourcePage> {
  const names = source.key.map(({ name }) => name);
  const input = {
    TableName,
    ConsistentRead: true,
    Segment: index,
    TotalSegments: total,
    ReturnConsumedCapacity: "TOTAL" as const,
    ...(pageItems !== undefined && { Limit: pageItems }),
  };
  const startingToken = after === undefined ? undefined : decodeKey(source.key, after);
  try {
    for await (const page of paginateScan({ client, startingToken }, input)) {
      const wires = page.Items ?? [];
      yield {
        items: wires.flatMap((wire) => sourceItem(source, wire) ?? []),
        scanned: wires.length,
        readUnits: page.ConsumedCapacity?.CapacityUnits ?? 0,
        ...(page.LastEvaluatedKey && { next: keyText(names, decodeItem(page.LastEvaluatedKey)) }),
      };
    }
  } catch (thrown) {
    throw classifyDynamoDbError(thrown, TableName);
  }
}

/** All of a source, part by part: a scan in one part is slow on a laptop, as {@link SCAN_SEGMENTS} says. */
export async function* scanWhole(
  items: Pick<SourceItems, "scan">,
  source: ViewSource,
): AsyncGenerator<SourcePage> {
  for (let index = 0; index < SCAN_SEGMENTS; index++)
    yield* items.scan(source, { index, total: SCAN_SEGMENTS });
}

/** All of up to 100 keys; what DynamoDB leaves out of one answer is asked for again. */
async function getSome(
  client: DynamoDBClient,
  TableName: string,
  keys: readonly Record<string, AttributeValue>[],
): Promise<readonly WireItem[]> {
  const found: WireItem[] = [];
  let pending: Record<string, AttributeValue>[] = [...keys];
  for (let attempt = 0; pending.length > 0; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS * attempt));
    try {
      const { Responses, UnprocessedKeys } = await client.send(
        new BatchGetItemCommand({
          RequestItems: { [TableName]: { Keys: pending, ConsistentRead: true } },
        }),
      );
      found.push(...(Responses?.[TableName] ?? []));
      pending = UnprocessedKeys?.[TableName]?.Keys ?? [];
    } catch (thrown) {
      throw classifyDynamoDbError(thrown, TableName);
    }
  }
  return found;
}

function sourceItem({ key }: ViewSource, wire: WireItem): SourceItem | undefined {
  const item = decodeImage(wire);
  return (
    item && {
      owner: keyText(
        key.map(({ name }) => name),
        item,
      ),
      item,
    }
  );
}
