import {
  DELIVERY_FAULTS,
  EVENT_FAULTS,
  type Fault,
  type Plan,
  type PlannedWrite,
  type Settings,
  SPELL_FAULTS,
  STEP_FAULTS,
  type SubjectItem,
} from "./plan.js";
import { createRandom, type Random } from "./random.js";
import type { Theme } from "./theme.js";
import { themeOf } from "./themes.js";

const IDS = ["a", "b", "c", "d", "e", "f", "g", "h"];
const HOMES = ["X", "Y", "Z", "U", "V", "W", "R", "S", "T"];
const SEATS = ["1", "2"];
/** Sums of which floating point gets wrong, and some at the edge of what it holds. */
const AMOUNTS = [0, 1, 0.1, 0.2, 0.7, -0.3, 4.35, 1e15 + 0.5, 9007199254740991];

/** About how many steps of each kind a write leads to. */
const STEPS_PER_WRITE = {
  sink: 6,
  store: 3,
  look: 5,
  fences: 2,
  park: 0,
  lift: 0,
  state: 3,
} as const;

/** Makes the plan of a seed. */
export function planOf(seed: number): Plan {
  const random = createRandom(seed);
  const theme = themeOf(seed);
  const views = random.fork("views").pick(theme.views);
  const written = planWrites(theme, views, random.fork("writes"));
  const lastMs = written[written.length - 1]?.atMs ?? 0;
  const settings = {
    views,
    ...planSettings(theme, random.fork("settings"), lastMs),
  };
  const writes = settings.sharedKeys ? withSeats(written, random.fork("seats")) : written;
  const faults = planFaults(theme, random.fork("faults"), settings, lastMs, writes.length);
  const existing = planExisting(theme, views, random.fork("existing"));
  return { seed, settings, existing, writes, faults };
}

function planSettings(theme: Theme, random: Random, lastMs: number): Omit<Settings, "views"> {
  const tombstones = random.chance(theme.tombstones);
  return {
    shards: 1 + random.below(theme.shards),
    largestBatch: 1 + random.below(theme.largestBatch),
    batchWindowMs: random.pick(theme.batchWindowsMs),
    bisect: random.chance(0.5),
    spread: 1 + random.below(3),
    tombstones,
    sharedKeys: !tombstones && random.chance(theme.sharedKeys),
    fixedAtMs: random.below(random.pick(theme.fixedBy) * lastMs + 1),
  };
}

function planWrites(theme: Theme, views: readonly string[], random: Random): PlannedWrite[] {
  const ids = IDS.slice(0, 1 + random.below(theme.mostIds));
  const writes: PlannedWrite[] = [];
  const pauseMs = random.pick(theme.pausesMs);
  for (let n = 3 + random.below(theme.mostWrites), atMs = 0; n > 0; n--) {
    const id = random.pick(ids);
    const item = random.chance(theme.deletions) ? undefined : planItem(theme, views, random, id);
    const malformed = random.chance(theme.malformed);
    writes.push({ atMs, id, ...(item && { item }), ...(malformed && { malformed }) });
    atMs += random.below(pauseMs);
  }
  return writes;
}

function planItem(
  { homes, poison }: Theme,
  views: readonly string[],
  random: Random,
  id: string,
): SubjectItem {
  const there = HOMES.slice(0, homes);
  return {
    id,
    ...(random.chance(0.8) && { home: random.pick(there) }),
    groups: there.filter(() => random.chance(1.35 / homes)),
    amount: random.pick(AMOUNTS),
    poison: random.chance(poison) ? views.filter(() => random.chance(0.5)) : [],
  };
}

function planExisting(theme: Theme, views: readonly string[], random: Random): SubjectItem[] {
  if (theme.backfills === 0) return [];
  const ids = IDS.slice(0, theme.mostIds).filter(() => random.chance(0.7));
  return ids.map((id) => planItem(theme, views, random, id));
}

/** Gives seats out so that no two items ever have the same: whoever wants one takes a free one. */
function withSeats(writes: readonly PlannedWrite[], random: Random): PlannedWrite[] {
  const taken = new Map<string, string>();
  return writes.map((write) => {
    taken.delete(write.id);
    if (!write.item || random.chance(0.25)) return write;
    const free = SEATS.filter((seat) => ![...taken.values()].includes(seat));
    if (free.length === 0) return write;
    const seat = random.pick(free);
    taken.set(write.id, seat);
    return { ...write, item: { ...write.item, seat } };
  });
}

function planFaults(
  theme: Theme,
  random: Random,
  settings: Settings,
  lastMs: number,
  writes: number,
): Fault[] {
  const faults: Fault[] = [];
  const atMs = () => random.below(lastMs + (random.chance(0.3) ? 200 : 1));
  const kindOf = <K extends string>(kinds: readonly K[]): K => {
    const often = kinds.filter((kind) => theme.often.includes(kind));
    return random.pick(often.length > 0 && random.chance(0.7) ? often : kinds);
  };
  // Abandoned is a process whose writes land late, all of them.
  const steps = STEP_FAULTS.filter((kind) => settings.tombstones || kind !== "abandoned");
  for (let n = random.below(theme.steps + 1); n > 0; n--) {
    const of = random.chance(theme.ofState)
      ? "state"
      : random.chance(theme.ofQuarantine)
        ? random.pick(["fences", "park", "park", "lift", "lift"] as const)
        : random.chance(theme.ofStore)
          ? random.pick(["store", "store", "store", "look"] as const)
          : "sink";
    const step = random.below(STEPS_PER_WRITE[of] * writes + 8);
    faults.push({ kind: kindOf(steps), of, step, delayMs: random.below(3_000) });
  }
  for (let n = random.below(theme.deliveries + 1); n > 0; n--) {
    const batch = random.below(writes);
    faults.push({ kind: kindOf(DELIVERY_FAULTS), batch, back: 1 + random.below(12) });
  }
  for (let n = random.below(theme.spells + 1); n > 0; n--) {
    const forMs = random.pick(theme.spellsMs);
    const view = random.pick(settings.views);
    faults.push({ kind: kindOf(SPELL_FAULTS), atMs: atMs(), forMs, view });
  }
  for (let n = random.below(theme.events + 1); n > 0; n--)
    faults.push({ kind: kindOf(EVENT_FAULTS), atMs: atMs() });
  // One at least, where a backfill is what the history is about.
  for (let n = theme.backfills && 1 + random.below(theme.backfills); n > 0; n--)
    faults.push({ kind: "backfill", atMs: atMs() });
  for (let n = theme.corruptions && 1 + random.below(theme.corruptions); n > 0; n--)
    faults.push({ kind: "corruption", atMs: atMs() });
  for (let n = theme.repairs && 1 + random.below(theme.repairs); n > 0; n--)
    faults.push({ kind: "repair", atMs: atMs() });
  return faults;
}
