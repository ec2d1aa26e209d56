import type { Theme } from "./theme.js";
import { GROUP_VIEWS, ROW_VIEWS } from "./views.js";

const MIXED: Theme = {
  views: [ROW_VIEWS, ROW_VIEWS, ROW_VIEWS, ROW_VIEWS, [...ROW_VIEWS, ...GROUP_VIEWS]],
  shards: 3,
  mostIds: 4,
  homes: 3,
  mostWrites: 22,
  deletions: 0.22,
  largestBatch: 8,
  batchWindowsMs: [20, 100],
  poison: 0.06,
  malformed: 0.01,
  tombstones: 0.5,
  sharedKeys: 0.4,
  steps: 8,
  deliveries: 4,
  spells: 1,
  spellsMs: [100, 1_000, 8_000],
  events: 4,
  often: [],
  ofQuarantine: 0.2,
  ofStore: 0.3,
  ofState: 0,
  backfills: 0,
  corruptions: 0,
  repairs: 0,
  fixedBy: [0.6, 2],
  pausesMs: [2, 20, 100],
};

const GROUPS: Theme = {
  ...MIXED,
  views: [GROUP_VIEWS],
  homes: 2,
  mostWrites: 16,
  batchWindowsMs: [20, 200],
  poison: 0.04,
  tombstones: 1,
  ofQuarantine: 0.1,
  ofStore: 0.95,
  pausesMs: [5, 60],
};

/** The themes there are; every fault can happen in each. */
export const THEMES = {
  mixed: MIXED,
  redelivery: {
    ...MIXED,
    mostIds: 2,
    deletions: 0.45,
    largestBatch: 6,
    deliveries: 8,
    steps: 12,
    poison: 0,
    often: ["crash before", "crash after", "delivered from earlier on"],
  },
  "trouble with quarantine": {
    ...MIXED,
    mostIds: 6,
    mostWrites: 8,
    largestBatch: 4,
    poison: 0.25,
    malformed: 0,
    tombstones: 0.3,
    steps: 20,
    deliveries: 0,
    spells: 2,
    events: 0,
    ofQuarantine: 1,
    often: ["throttled", "crash before", "transaction conflict", "outage of quarantine"],
    fixedBy: [8],
  },
  redrive: {
    ...MIXED,
    mostIds: 2,
    homes: 9,
    mostWrites: 30,
    largestBatch: 3,
    poison: 0.4,
    tombstones: 0,
    sharedKeys: 0,
    steps: 2,
    deliveries: 0,
    spells: 0,
    events: 12,
    ofQuarantine: 0.1,
    often: ["redrive"],
    fixedBy: [0.3],
    pausesMs: [60],
  },
  "streams and shards": {
    ...MIXED,
    homes: 9,
    largestBatch: 2,
    batchWindowsMs: [20, 100],
    tombstones: 0.3,
    deliveries: 1,
    spells: 0,
    events: 8,
    pausesMs: [5, 20],
    often: ["shard split", "shard rolled", "stream re-created", "from the beginning"],
  },
  "late writes": {
    ...MIXED,
    mostIds: 2,
    tombstones: 1,
    poison: 0,
    steps: 14,
    often: ["lands late", "abandoned"],
  },
  "rows that change hands": {
    ...MIXED,
    views: [["seats", "by-home"]],
    mostIds: 6,
    batchWindowsMs: [200],
    tombstones: 0,
    sharedKeys: 1,
    poison: 0,
    steps: 12,
    deliveries: 1,
    events: 1,
    often: ["throttled"],
    pausesMs: [5, 20],
  },
  outages: {
    ...MIXED,
    shards: 1,
    mostIds: 8,
    largestBatch: 16,
    batchWindowsMs: [200, 500],
    steps: 10,
    deliveries: 0,
    spells: 4,
    spellsMs: [8_000],
    events: 0,
    often: ["throttled", "transaction conflict", "outage of tables"],
  },
  "groups under redelivery": {
    ...GROUPS,
    mostIds: 3,
    deliveries: 6,
    often: ["crash before", "crash after", "delivered from earlier on"],
  },
  "groups and their writers": {
    ...GROUPS,
    steps: 30,
    deliveries: 1,
    events: 1,
    often: ["lands late", "transaction conflict"],
  },
  backfill: {
    ...MIXED,
    views: [["by-home", "by-group", "cards"], ROW_VIEWS],
    mostIds: 3,
    homes: 9,
    mostWrites: 12,
    deletions: 0.5,
    largestBatch: 3,
    batchWindowsMs: [5, 20],
    poison: 0.03,
    malformed: 0,
    tombstones: 0.15,
    sharedKeys: 0.2,
    steps: 10,
    deliveries: 1,
    spells: 0.3,
    events: 1,
    ofQuarantine: 0.05,
    ofState: 0.3,
    backfills: 3,
    often: ["crash before", "crash after"],
    pausesMs: [20, 60],
  },
  "groups and their backfill": {
    ...GROUPS,
    deletions: 0.35,
    ofState: 0.25,
    backfills: 3,
    often: ["crash before", "crash after"],
  },
  repair: {
    ...MIXED,
    views: [
      ["by-home", "by-group", "cards"],
      ["by-home", "hot"],
    ],
    mostIds: 4,
    mostWrites: 50,
    largestBatch: 3,
    batchWindowsMs: [5, 60],
    poison: 0,
    malformed: 0,
    sharedKeys: 0,
    steps: 6,
    deliveries: 1,
    spells: 0,
    events: 1,
    ofQuarantine: 0,
    corruptions: 40,
    repairs: 10,
    often: ["crash before", "crash after"],
    pausesMs: [600, 1_000],
  },
  "groups and their repair": {
    ...GROUPS,
    poison: 0,
    malformed: 0,
    steps: 6,
    spells: 0,
    ofQuarantine: 0,
    corruptions: 4,
    repairs: 3,
    often: ["crash before", "crash after"],
  },
  "repair beside poison": {
    ...MIXED,
    views: [
      ["by-home", "by-group", "cards"],
      ["by-home", "hot"],
      ["by-home", "totals"],
    ],
    mostIds: 2,
    mostWrites: 30,
    largestBatch: 3,
    batchWindowsMs: [5, 60],
    poison: 0.2,
    malformed: 0,
    sharedKeys: 0,
    steps: 6,
    deliveries: 1,
    spells: 0,
    events: 4,
    ofQuarantine: 0.2,
    corruptions: 10,
    repairs: 6,
    fixedBy: [0.3, 1],
    often: ["crash before", "crash after", "redrive"],
    pausesMs: [60, 300],
  },
} as const satisfies Readonly<Record<string, Theme>>;

/** The name of a theme. */
export type ThemeName = keyof typeof THEMES;

const OF_BACKFILL = [
  "backfill",
  "groups and their backfill",
] as const satisfies readonly ThemeName[];
const OF_REPAIR = [
  "repair",
  "groups and their repair",
  "repair beside poison",
] as const satisfies readonly ThemeName[];
const OTHERS = (Object.keys(THEMES) as readonly ThemeName[]).filter(
  (name) => ![...OF_BACKFILL, ...OF_REPAIR].some((each) => each === name),
);

/** Themes take turns; of six rounds, one is about backfills and one about repairs. */
function nameOf(seed: number): ThemeName {
  const round = Math.floor(seed / OTHERS.length);
  if (round % 6 === 2) return OF_REPAIR[seed % 3]!;
  return round % 6 === 5 ? OF_BACKFILL[seed % 2]! : OTHERS[seed % OTHERS.length]!;
}

/** The theme of a seed. */
export function themeOf(seed: number): Theme {
  return THEMES[nameOf(seed)];
}

/** The first seeds, so many, whose histories are about this. */
export function seedsAbout(theme: ThemeName, count: number): readonly number[] {
  const seeds: number[] = [];
  for (let seed = 0; seeds.length < count; seed++) if (nameOf(seed) === theme) seeds.push(seed);
  return seeds;
}
