import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

import { compareAll } from "../../src/cli/demo/compare-all.js";
import type { Comparison } from "../../src/cli/demo/compare-views.js";
import { physicalName, readConfig } from "../../src/config.js";
import { createDynamoDbBackfillState } from "../../src/state/dynamodb-backfill-state.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import {
  fillBeforeStream,
  type PrintedReport,
  startBackfill,
  startPipeline,
  startWriter,
} from "./live-rig.js";
import * as pipeline from "./pipeline.js";

/** What {@link proveBackfill} takes. */
export interface ProofOptions {
  readonly client: DynamoDBClient;
  /** Names the servers, and the prefix of the tables, for all processes. */
  readonly environment: NodeJS.ProcessEnv;
  readonly flights: readonly pipeline.BoardFlight[];
  readonly writesPerSecond: number;
  readonly args?: readonly string[];
  readonly log?: (line: string) => void;
}

/** What came of it. */
export interface Proof {
  readonly kills: readonly { readonly scanned: number; readonly rowsInWork: number }[];
  readonly code: number | null;
  readonly printed: PrintedReport | undefined;
  readonly said: string;
  readonly writes: number;
  readonly comparisons: readonly Comparison[];
}

/** Shares of the items after which the backfill is killed. */
const KILL_AT = [0.25, 0.6] as const;

/** Backfills beside the live pipeline, killed twice, and compares. */
export async function proveBackfill(options: ProofOptions): Promise<Proof> {
  const { client, environment, flights, log = () => undefined } = options;
  const config = readConfig({ ...process.env, ...environment });
  const table = physicalName(config, pipeline.flights.table);
  const state = createDynamoDbBackfillState({ client, tableName: config.stateTable });
  await fillBeforeStream(client, table, flights);
  log(`${flights.length} flights written before there was a stream`);
  const live = await startPipeline(environment);
  const writer = startWriter(client, table, flights, options.writesPerSecond);
  try {
    const kills: { scanned: number; rowsInWork: number }[] = [];
    for (const share of KILL_AT) {
      const run = startBackfill(environment, options.args);
      const at = await untilScanned(state, share * flights.length, run.ended);
      run.kill();
      await run.ended;
      kills.push(at);
      log(`killed with ${at.scanned} items gone over and ${at.rowsInWork} rows in work`);
    }
    const { code, printed, said } = await startBackfill(environment, options.args).ended;
    log(`backfill ended with ${code}`);
    await writer.stop();
    await live.caughtUp();
    log(`caught up after ${writer.writes()} writes`);
    const comparisons = await compareAll(collectDeclarations(pipeline), config);
    return { kills, code, printed, said, writes: writer.writes(), comparisons };
  } finally {
    await writer.stop();
    await live.stop();
  }
}

/** Resolves in the middle of a page: with rows written down. */
export async function untilScanned(
  state: ReturnType<typeof createDynamoDbBackfillState>,
  scanned: number,
  ended: Promise<{ readonly said: string }>,
): Promise<{ scanned: number; rowsInWork: number }> {
  let isEnded = false;
  void ended.then(() => (isEnded = true));
  for (;;) {
    const states = await state.segments(pipeline.flights.table).catch(() => []);
    const furthest = new Map<number, number>();
    for (const each of states)
      furthest.set(each.segment, Math.max(furthest.get(each.segment) ?? 0, each.scanned));
    const sum = [...furthest.values()].reduce((a, b) => a + b, 0);
    const rowsInWork = states.reduce((rows, each) => rows + each.rows.length, 0);
    if (sum >= scanned && rowsInWork > 0) return { scanned: sum, rowsInWork };
    if (isEnded) throw new Error(`ended before it could be killed: ${(await ended).said}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
