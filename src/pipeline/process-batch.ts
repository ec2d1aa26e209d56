import { decodeRecord, type StreamRecord } from "../change/decode-record.js";
import { isMillraceError, MillraceError } from "../errors.js";
import type { Sink } from "../sink/sink.js";
import { followedTables, viewsOf } from "../view/declarations.js";
import type { View } from "../view/view.js";
import { applyWithRetry, DEFAULT_RETRY } from "./apply-with-retry.js";
import { createBreaker, DEFAULT_BREAKER } from "./breaker.js";
import type { Deadline } from "./clock.js";
import { type DecodedRecord, formLanes, type Lane } from "./lanes.js";
import { insist, type Parking, parkPoison, parkWork } from "./park.js";
import type { Pipeline, PipelineParts } from "./pipeline.js";
import { createTally, type Tally } from "./tally.js";
import { deriveWork, settleWork, type Work } from "./work.js";

/** Makes a pipeline of its parts. */
export function createPipeline(parts: PipelineParts): Pipeline {
  const breaker = createBreaker(parts.breaker ?? DEFAULT_BREAKER);
  const views = parts.declarations.views.filter((view) => parts.sinks[view.kind] !== undefined);
  const keys = new Map(
    followedTables(parts.declarations).map(({ table, key }) => [
      table,
      key.map(({ name }) => name),
    ]),
  );

  /** Key attributes of a table by the name DynamoDB knows it by. */
  function keyNames(table: string): readonly string[] {
    const names = keys.get(parts.declaredName(table) ?? "");
    if (names) return names;
    throw new MillraceError(
      "configuration",
      `received a change of table "${table}", which no view follows; declared sources: ${[...keys.keys()].join(", ")}. ` +
        "Remove the event source mapping, or declare the table as a source",
    );
  }

  return {
    async process(records, deadline) {
      const tally = createTally(records.length);
      const parking: Parking = { ...parts, deadline, retry: parts.retry ?? DEFAULT_RETRY };
      const { decoded, malformed } = decodeAll(records, keyNames);
      for (const poison of malformed) await parkPoison(parking, tally, poison);
      const source = parts.declaredName(decoded[0]?.change.table ?? "") ?? "";
      const followers = viewsOf(parts.declarations, source).filter((view) => views.includes(view));
      const work = deriveAll(formLanes(decoded), followers, tally);
      const open = await joinFences(parking, tally, source, work);
      await applyAll(parts, deadline, open, tally);
      breaker(tally.byView());
      for (const each of open)
        if (each.poison) await parkWork(parking, tally, source, each, each.poison);
      const report = tally.report(parts.clock.nowMs());
      if (decoded.length === 0) return report;
      const unrecorded = await parts.progress?.note({ source, decoded, report, deadline });
      return unrecorded ? { ...report, unrecorded } : report;
    },
  };
}

interface Malformed {
  readonly record: StreamRecord;
  readonly error: MillraceError;
}

function decodeAll(
  records: readonly StreamRecord[],
  keyNames: (table: string) => readonly string[],
) {
  const decoded: DecodedRecord[] = [];
  const malformed: Malformed[] = [];
  for (const record of records) {
    try {
      decoded.push({ change: decodeRecord(record, keyNames), record });
    } catch (thrown) {
      if (!isMillraceError(thrown) || thrown.code === "configuration") throw thrown;
      malformed.push({ record, error: thrown });
    }
  }
  return { decoded, malformed };
}

/** Derives every view's part of every lane; what leaves a view as it was is counted and needs nothing more. */
function deriveAll(lanes: readonly Lane[], views: readonly View[], tally: Tally): readonly Work[] {
  const open: Work[] = [];
  for (const view of views) {
    const openBefore = open.length;
    for (const lane of lanes) {
      const work = deriveWork(view, lane);
      if (work.mutations.length > 0 || work.poison) open.push(work);
    }
    tally.derived(view.name, lanes.length, open.length - openBefore);
  }
  return open;
}

/** Parks what belongs behind a fence and returns the rest; reads the fences once, and not at all where nothing is open. */
async function joinFences(
  parking: Parking,
  tally: Tally,
  source: string,
  work: readonly Work[],
): Promise<readonly Work[]> {
  if (work.length === 0) return work;
  const fences = await insist(parking, () => parking.quarantine.fences(source));
  if (fences.size === 0) return work;
  const open: Work[] = [];
  for (const each of work) {
    const fenced = fences.of(each.view.name, each.lane.change.itemKey) !== undefined;
    const joined =
      fenced && (await parkWork(parking, tally, source, each, each.poison ?? waiting(each), true));
    if (joined !== "parked") open.push(each);
  }
  return open;
}

function waiting({ view, lane }: Work): MillraceError {
  const { itemKey: key } = lane.change;
  return new MillraceError(
    "refused",
    `an earlier change of item ${key} is in quarantine; this one waits behind it`,
    {
      context: { view: view.name, key, sequenceNumber: lane.firstSequenceNumber },
    },
  );
}

/** Applies all mutations, each kind of view through its own sink, and settles every work by the answers. */
async function applyAll(
  parts: PipelineParts,
  deadline: Deadline,
  open: readonly Work[],
  tally: Tally,
): Promise<void> {
  const time = { clock: parts.clock, deadline, policy: parts.retry ?? DEFAULT_RETRY };
  const kinds = [...new Set(open.map(({ view }) => view.kind))];
  await Promise.all(
    kinds.map(async (kind) => {
      const works = open.filter(({ view, poison }) => view.kind === kind && poison === undefined);
      // A sink is only ever given views of the kind it is registered for.
      const sink = parts.sinks[kind] as Pick<Sink, "apply"> | undefined;
      if (sink === undefined) return;
      const results = await applyWithRetry(
        works.flatMap(({ mutations }) => mutations),
        (some) => sink.apply(some),
        time,
      );
      let next = 0;
      for (const work of works) {
        const own = results.slice(next, (next += work.mutations.length));
        settleWork(work, own);
        tally.results(work, own);
      }
    }),
  );
  for (const work of open) {
    if (work.poison) tally.poison(work.view.name);
    else if (work.unresolved) tally.unresolved(work, work.unresolved);
  }
}
