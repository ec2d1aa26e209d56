import type { StreamRecord } from "../../src/change/decode-record.js";
import type { isNewer } from "../../src/change/version.js";
import { MillraceError } from "../../src/errors.js";
import type { ApplyResult, Sink } from "../../src/sink/sink.js";
import { fencesOf } from "../../src/state/memory-quarantine.js";
import type { HeldEntry, Quarantine } from "../../src/state/quarantine.js";
import type { Mutation } from "../../src/view/row.js";
import type { View } from "../../src/view/view.js";
import { createCarelessSink, RIGHT_RULES, type SinkRules } from "./careless-sink.js";
import { BACKFILL_BUGS } from "./planted-backfill-bugs.js";
import { GROUP_BUGS } from "./planted-group-bugs.js";
import { REPAIR_BUGS } from "./planted-repair-bugs.js";
import { about, type PlantedBug, type Plants } from "./plants.js";

/** Mistakes that are easy to make in a pipeline like this one, each in place of the part that gets it right. */
export const PLANTED_BUGS: Readonly<Record<string, PlantedBug>> = {
  "no version guard": about("late writes", sinkWith({ isNewer: () => true })),
  "versions compared as numbers": about(
    "mixed",
    sinkWith({
      isNewer: ({ version }, stored) =>
        Number(version.slice(24)) > Number(stored.version.slice(24)),
    }),
  ),
  "sequence numbers compared as they are written, without padding": about(
    "mixed",
    sinkWith({
      isNewer: ({ version }, stored) => unpadded(version) > unpadded(stored.version),
    }),
  ),
  "the label of the stream left out of the version": about(
    "streams and shards",
    sinkWith({
      isNewer: ({ version }, stored) => version.slice(23) > stored.version.slice(23),
    }),
  ),
  "the time of a change taken for its order": about(
    "mixed",
    sinkWith({
      isNewer: (mutation, stored) => mutation.changedAtSeconds > stored.changedAtSeconds,
    }),
  ),
  "deletes without a guard": about("late writes", sinkWith({ guardsDeletes: false })),
  "no tombstones where they are declared": about(
    "late writes",
    sinkWith({ keepsTombstones: () => false }),
  ),
  "rows overwritten whoever owns them": about(
    "rows that change hands",
    sinkWith({ checksOwner: false }),
  ),
  "upserts before deletes": about(
    "rows that change hands",
    sinksWith((sink) => ({
      ...sink,
      apply: async (mutations) => {
        const of = (type: string) => mutations.filter((mutation) => mutation.type === type);
        const puts = (await sink.apply(of("put"))).map(final);
        const deletes = await sink.apply(of("delete"));
        let [put, deleted] = [0, 0];
        return mutations.map(({ type }) => (type === "put" ? puts[put++]! : deletes[deleted++]!));
      },
    })),
  ),
  "deletes left out": about(
    "mixed",
    sinksWith((sink) => ({
      ...sink,
      apply: async (mutations) => {
        const puts = mutations.filter(({ type }) => type === "put");
        const results = await sink.apply(puts);
        let put = 0;
        return mutations.map(({ type }): ApplyResult =>
          type === "put" ? results[put++]! : { outcome: "applied" },
        );
      },
    })),
  ),
  "a failed write taken for a stale one": about(
    "outages",
    answering(() => ({ outcome: "stale" })),
  ),
  "throttling taken for poison": about(
    "outages",
    answering((error) => ({
      outcome: "failed",
      error: new MillraceError("refused", error.message),
    })),
  ),
  "only the latest change of an item in a batch looked at": about("mixed", {
    records: (records) => byItem(records).map((own) => own[own.length - 1]!),
  }),
  "only the ends of an item's changes in a batch looked at": about("redelivery", {
    records: (records) => byItem(records).flatMap((own) => endsOf(own)),
  }),
  "a change skipped where the item is as before the batch": about("redelivery", {
    records: (records) => byItem(records).flatMap((own) => (isBack(own) ? [] : own)),
  }),
  "a filter pushed down by the new image alone": about("mixed", {
    records: (records) =>
      records.filter(
        ({ dynamodb }) => dynamodb?.NewImage?.["home"] || dynamodb?.NewImage?.["_millrace"],
      ),
  }),
  "no fence": about(
    "trouble with quarantine",
    quarantineWith((quarantine) => ({ ...quarantine, fences: async () => fencesOf([]) })),
  ),
  "acknowledged before quarantine has it": about(
    "trouble with quarantine",
    quarantineWith((quarantine) => ({
      ...quarantine,
      park: async (...entry) => {
        void quarantine.park(...entry).catch(() => undefined);
        return "parked";
      },
    })),
  ),
  "acknowledged although quarantine cannot be written": about(
    "trouble with quarantine",
    quarantineWith((quarantine) => ({
      ...quarantine,
      park: (...entry) => quarantine.park(...entry).catch(() => "parked" as const),
    })),
  ),
  "poison dropped": about(
    "trouble with quarantine",
    quarantineWith((quarantine) => ({ ...quarantine, park: async () => "parked" })),
  ),
  "a fence lifted although something was parked meanwhile": about("redrive", {
    redriven: (quarantine) => ({
      ...quarantine,
      lift: async (fence, entries) => {
        const now = await quarantine.fenceOf(fence);
        return now ? quarantine.lift(now, entries) : "lifted";
      },
    }),
  }),
  "only the rows of the newest parked change cleaned up": about("redrive", {
    redriven: (quarantine) => ({
      ...quarantine,
      entriesOf: async (item) => (await quarantine.entriesOf(item)).slice(-1),
    }),
  }),
  "what was parked first taken for the newest": about("redrive", {
    redriven: (quarantine) => ({
      ...quarantine,
      entriesOf: async (item) => {
        const [first, ...rest] = await quarantine.entriesOf(item);
        const older = ({ entry, handle }: HeldEntry): HeldEntry => ({
          entry: { ...entry, position: first!.entry.position },
          handle,
        });
        return [...(first ? [first] : []), ...rest.map(older)];
      },
    }),
  }),
  "the highest unfinished change reported": about("outages", {
    response: ({ unresolved }) => ({
      batchItemFailures: unresolved
        .toSorted((a, b) => (BigInt(a) < BigInt(b) ? 1 : -1))
        .slice(0, 1)
        .map((itemIdentifier) => ({ itemIdentifier })),
    }),
  }),
  "nothing unfinished reported": about("outages", { response: () => ({ batchItemFailures: [] }) }),
  ...GROUP_BUGS,
  ...BACKFILL_BUGS,
  ...REPAIR_BUGS,
  "children read beside their parents": about("streams and shards", {
    shards: (shards) => shards.map(({ parentShardId: _parent, ...shard }) => shard),
  }),
};

function sinkWith(rules: Partial<SinkRules>): Plants {
  return { sink: () => createCarelessSink({ ...RIGHT_RULES, ...rules }) };
}

/** The same sink with no rule wrong: shows that what the others are caught at is their bug. */
export const CAREFUL_PLANTS: Plants = sinkWith({});

function sinksWith(wrap: (sink: Sink<View>) => Sink<View>): Plants {
  return {
    parts: (parts) => ({
      ...parts,
      sinks: Object.fromEntries(
        Object.entries(parts.sinks).map(([kind, sink]) => [kind, wrap(sink as Sink<View>)]),
      ),
    }),
  };
}

function answering(instead: (error: MillraceError) => ApplyResult): Plants {
  return sinksWith((sink) => ({
    ...sink,
    apply: async (mutations: readonly Mutation<View>[]) => {
      const results = await sink.apply(mutations);
      return results.map((result) =>
        result.outcome === "failed" && result.error.retriable ? instead(result.error) : result,
      );
    },
  }));
}

/** A collision taken for final where it is met first, before the row's owner could leave it. */
function final(result: ApplyResult): ApplyResult {
  if (result.outcome !== "failed" || result.error.code !== "collision") return result;
  return { outcome: "failed", error: new MillraceError("refused", result.error.message) };
}

function quarantineWith(wrap: (quarantine: Quarantine) => Quarantine): Plants {
  return { parts: (parts) => ({ ...parts, quarantine: wrap(parts.quarantine) }) };
}

function unpadded(version: Parameters<typeof isNewer>[0]): string {
  return version.slice(0, 24) + version.slice(24).replace(/^0+/, "");
}

function byItem(records: readonly StreamRecord[]): StreamRecord[][] {
  const items = new Map<string, StreamRecord[]>();
  for (const record of records) {
    const key = JSON.stringify(record.dynamodb?.Keys);
    items.set(key, [...(items.get(key) ?? []), record]);
  }
  return [...items.values()];
}

/** One record from the first old image to the last new one. */
function endsOf(records: readonly StreamRecord[]): StreamRecord[] {
  const [first, last] = [records[0]!, records[records.length - 1]!];
  const { OldImage } = first.dynamodb!;
  const { NewImage } = last.dynamodb!;
  if (!OldImage && !NewImage) return [];
  const eventName = !OldImage ? "INSERT" : NewImage ? "MODIFY" : "REMOVE";
  return [{ ...last, eventName, dynamodb: { ...last.dynamodb, OldImage, NewImage } }];
}

function isBack(records: readonly StreamRecord[]): boolean {
  const before = records[0]!.dynamodb?.OldImage;
  const now = records[records.length - 1]!.dynamodb?.NewImage;
  return records.length > 1 && JSON.stringify(before) === JSON.stringify(now);
}
