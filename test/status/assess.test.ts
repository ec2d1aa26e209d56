import { describe, expect, test } from "@jest/globals";

import type { FunctionProgress } from "../../src/state/progress.js";
import { NO_PROGRESS } from "../../src/state/progress.js";
import { assess } from "../../src/status/assess.js";
import type { Newer } from "../../src/status/look-at-stream.js";
import type { SourceObservation } from "../../src/status/observation.js";
import { cards, totals } from "../pipeline/pipeline-under-test.js";
import { positionAt, STREAMS } from "../state/progress-contract.js";

const MINUTE = 60_000;
const position = positionAt(1);
/** A minute after the last batch, which was a second behind. */
const ENDED = position.changedAtMs + 1_000;
const NOW = ENDED + MINUTE;

function progressOf(given: Partial<FunctionProgress> = {}): FunctionProgress {
  return {
    function: "tables",
    position,
    batchEndedAtMs: ENDED,
    lagMs: 1_000,
    sinceMs: ENDED - 5 * MINUTE,
    batches: 3,
    changes: 30,
    views: { totals: { ...NO_PROGRESS, applied: 20, stale: 2, unchanged: 8, appliedAtMs: ENDED } },
    losses: [],
    ...given,
  };
}

function observationOf(given: {
  readonly progress?: Partial<FunctionProgress> | "never";
  readonly newer?: Newer;
  readonly source?: Partial<SourceObservation>;
  readonly view?: Partial<SourceObservation["views"][number]>;
}): SourceObservation {
  const { progress = {}, newer = { newer: "unknown" } } = given;
  return {
    source: "orders",
    tableName: "dev-orders",
    stream: { state: "on", label: STREAMS[0], arn: "arn" },
    mendedAtMs: {},
    functions: [
      {
        function: "tables",
        newer,
        ...(progress !== "never" && { progress: progressOf(progress) }),
      },
    ],
    views: [{ view: totals, function: "tables", quarantined: 0, fences: 0, ...given.view }],
    undecoded: 0,
    ...given.source,
  };
}

/** What is said of one source, a minute after its last batch unless told. */
function assessed(given: Parameters<typeof observationOf>[0], atMs = NOW) {
  const { ok, sources } = assess([observationOf(given)], atMs);
  const [{ functions, problems, views } = { functions: [], problems: [], views: [] }] = sources;
  return { ok, state: functions[0]?.state, problems, view: views[0], told: functions[0] };
}

describe("G42: a function is said to be", () => {
  const some = (ago: number): Newer => ({ newer: "some", oldestAtMs: NOW - ago });
  test.each<[string, Parameters<typeof observationOf>[0], number?]>([
    ["working", {}, ENDED + 3_000],
    ["idle", { newer: { newer: "none" } }],
    ["quiet", { newer: { newer: "unknown" } }],
    ["behind", { newer: some(MINUTE) }],
    ["stopped", { newer: some(3 * MINUTE) }],
    ["new", { progress: "never" }],
    ["behind", { progress: "never", newer: some(MINUTE) }],
    ["stopped", { progress: "never", newer: some(20 * MINUTE) }],
  ])("%s only on grounds for it: %j", (state, given, atMs = NOW) => {
    expect(assessed(given, atMs).state).toBe(state);
  });

  test("idle only where the stream was seen to have nothing newer", () => {
    const newer: Newer[] = [{ newer: "unknown" }, { newer: "none" }, some(1), some(9 * MINUTE)];
    expect(newer.filter((one) => assessed({ newer: one }).state === "idle")).toEqual([newer[1]]);
  });
});

describe("what needs a person:", () => {
  test("nothing, where all is well, and the counts are told", () => {
    const { ok, problems, view, told } = assessed({ newer: { newer: "none" } });
    expect([ok, problems]).toEqual([true, []]);
    const counts = { applied: 20, stale: 2, unchanged: 8, skipped: 0, quarantined: 0, fenced: 0 };
    expect(view).toMatchObject({ view: "totals", ...counts, lastAppliedAtMs: ENDED });
    expect(told).toMatchObject({ lagMs: 1_000, streamLabel: STREAMS[0], changes: 30 });
  });

  test.each<[string, Parameters<typeof observationOf>[0], RegExp]>([
    [
      "quarantine",
      { view: { quarantined: 3, fences: 1 } },
      /totals: 3 changes in .* 1 item fenced/,
    ],
    ["quarantine", { view: { fences: 2 } }, /2 items fenced/],
    [
      "quarantine",
      { source: { undecoded: 1 } },
      /1 record in quarantine that could not be decoded/,
    ],
    ["stream", { source: { stream: { state: "off" } } }, /"dev-orders" has no stream/],
    ["stream", { source: { stream: { state: "no-table" } } }, /no table "dev-orders"/],
    [
      "stream",
      { source: { stream: { state: "wrong-type", viewType: "KEYS_ONLY" } } },
      /carries KEYS_ONLY/,
    ],
    ["lag", { progress: { lagMs: 16 * MINUTE } }, /tables is 16 min behind/],
    [
      "lag",
      { newer: { newer: "some", oldestAtMs: NOW - 16 * MINUTE } },
      /changes since .* wait for tables/,
    ],
  ])("%s %j", (kind, given, message) => {
    const { ok, problems } = assessed(given);
    expect(ok).toBe(false);
    expect(problems).toMatchObject([{ kind, message: expect.stringMatching(message) as unknown }]);
    expect(problems[0]?.remedy).not.toBe("");
  });

  test("no lag of the past: the stream has nothing newer, or the wait is short", () => {
    expect(assessed({ progress: { lagMs: 99 * MINUTE }, newer: { newer: "none" } }).ok).toBe(true);
    expect(assessed({ newer: { newer: "some", oldestAtMs: NOW - 14 * MINUTE } }).ok).toBe(true);
  });
});

describe("G41: a suspected loss", () => {
  const beganAtMs = Date.parse(`${STREAMS[1]}Z`);
  const loss = { from: STREAMS[0], to: STREAMS[1], lastChangeAtMs: 7, noticedAtMs: NOW };
  const onNew = {
    progress: { position: positionAt(1, STREAMS[1]), losses: [loss] },
    source: { stream: { state: "on", label: STREAMS[1], arn: "arn" } },
  } as const;
  const mended = (atMs: number) => ({ ...onNew.source, mendedAtMs: { totals: atMs } });

  test("is told with both labels and the backfill that mends it, until that is done", () => {
    const { problems } = assessed(onNew);
    expect(problems).toMatchObject([{ kind: "loss", remedy: "npx millrace backfill totals" }]);
    expect(problems[0]?.message).toContain(`stream ${STREAMS[1]} took the place of ${STREAMS[0]}`);
    expect(assessed({ ...onNew, source: mended(beganAtMs - 1) }).ok).toBe(false);
    expect(assessed({ ...onNew, source: mended(beganAtMs) }).ok).toBe(true);
  });

  test("is told before anything came from the new stream, and stays mended once something has", () => {
    const source = { stream: { state: "on", label: STREAMS[1], arn: "arn" } } as const;
    expect(assessed({ source }).problems).toMatchObject([{ kind: "loss" }]);
    expect(assessed({ source: mended(beganAtMs) }).ok).toBe(true);
    expect(assessed({ ...onNew, source: mended(beganAtMs) }).ok).toBe(true);
  });

  test("names only the views of the function that lost, and of them only those not mended", () => {
    const views = [
      { view: totals, function: "tables", quarantined: 0, fences: 0 },
      { view: cards, function: "cache", quarantined: 0, fences: 0 },
    ] as const;
    const { problems } = assessed({ ...onNew, source: { ...onNew.source, views } });
    expect(problems.map(({ remedy }) => remedy)).toEqual(["npx millrace backfill totals"]);
  });

  test("is a position older than a stream's day with newer changes in it; a quiet table is none", () => {
    const later = position.changedAtMs + 25 * 60 * MINUTE;
    const some = { newer: { newer: "some", oldestAtMs: later - MINUTE } } as const;
    expect(assessed(some, later).problems).toMatchObject([{ kind: "loss" }]);
    expect(assessed({ newer: { newer: "none" } }, later).ok).toBe(true);
    expect(assessed({}, later).ok).toBe(true);
  });
});
