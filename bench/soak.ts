import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";

import { formatTable } from "../src/cli/format-table.js";
import { openServices } from "../src/cli/services.js";
import type { Soak } from "../test/support/soak.js";
import { soakDynamoDbLocal } from "../test/support/soak-dynamodb-local.js";
import { soakManyShards } from "../test/support/soak-many-shards.js";

/** How one of two mappings came through a soak. */
export interface SoakFigure {
  readonly stream: string;
  readonly records: number;
  readonly delivered: number;
  /** Deliveries of a record beyond its first. */
  readonly repeated: number;
  /** Records that came before an older one of their item. */
  readonly skipped: number;
  readonly failedCalls: number;
  readonly seconds: number;
}

const RECORDS = 100_000;

/**
 * Two mappings at once, 100,000 records each, handlers failing at random: of a stream in memory whose shards split,
 * whose iterators expire and whose calls are throttled, and of a table of DynamoDB Local.
 */
export async function soak(): Promise<readonly SoakFigure[]> {
  const figures: SoakFigure[] = [];
  let startedAtMs = Date.now();
  const many = await soakManyShards(RECORDS, 1);
  figures.push(...many.soaks.map((each) => figure(`${many.shards} shards`, each, startedAtMs)));
  const services = await openServices({ needsRedis: false });
  const client = new DynamoDBClient({});
  const streams = new DynamoDBStreamsClient({ endpoint: services.config.streamsEndpoint ?? "" });
  startedAtMs = Date.now();
  try {
    const soaks = await soakDynamoDbLocal(client, streams, RECORDS);
    figures.push(...soaks.map((each) => figure("DynamoDB Local", each, startedAtMs)));
  } finally {
    client.destroy();
    streams.destroy();
    await services.stop();
  }
  const names = ["stream", "records", "delivered", "repeated", "skipped", "failed calls", "s"];
  const rows = figures.map((each) => Object.values(each) as (string | number)[]);
  console.error(`soak\n${formatTable(names, rows)}`);
  return figures;
}

function figure(stream: string, each: Soak, startedAtMs: number): SoakFigure {
  return {
    stream,
    records: RECORDS,
    delivered: each.delivered(),
    repeated: each.repeated(),
    skipped: each.skipped.length,
    failedCalls: each.failedCalls(),
    seconds: Math.round((Date.now() - startedAtMs) / 100) / 10,
  };
}
