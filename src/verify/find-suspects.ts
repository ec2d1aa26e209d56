import type { Item } from "../change/attribute-value.js";
import { labelOf, type Version } from "../change/version.js";
import { parseMemberKey } from "../view/member-key.js";
import type { ViewSource } from "../view/view.js";
import { visibleRows } from "../view/visible-rows.js";
import { type Comparand, digestOf, isCollection, isRanked, isSet } from "./comparand.js";
import type { ViewReport } from "./finding.js";
import { type Line, type Partitions, shareOf } from "./partitions.js";
import type { VerifyPorts } from "./ports.js";

/** A row that did not look right when it was read in passing, and has to be looked at again. */
export interface Suspect {
  readonly comparand: Comparand;
  readonly key: string;
  /** Key texts of the items that may derive it. */
  owners: readonly string[];
  /** Whether that is known for good; if not, the source is looked through for them before every look. */
  readonly isOwnerKnown: boolean;
}

/** Views whose rows are held in one place, so that what none of them derives is nobody's. */
export interface Space {
  /** All of them; those not asked for are only there to vouch for their rows. */
  readonly comparands: readonly Comparand[];
  readonly asked: ReadonlySet<Comparand>;
  readonly partitions: Partitions;
}

/** How much to look at, and whom to tell. */
export interface Extent {
  /** Share of the rows to look at, by hash of their keys. */
  readonly share: number;
  readonly reports: ReadonlyMap<string, ViewReport>;
  /** Tells how many items and rows were read. */
  readonly onRead: (count: number) => void;
}

const SEGMENTS = 4;

/**
 * Compares in passing what items derive with what is held, in any amount, in little memory: both are written to
 * partitions by key, and the partitions are compared one at a time. What does not fit is suspected, and no more than
 * that: the two were not read at one moment.
 */
export async function findSuspects(
  ports: VerifyPorts,
  spaces: readonly Space[],
  extent: Extent,
): Promise<readonly Suspect[]> {
  const suspects: Suspect[] = [];
  const sources = new Set(spaces.flatMap(({ comparands }) => comparands.map(sourceOf)));
  const labels = new Map<ViewSource, string>();
  for (const source of sources) {
    labels.set(source, await ports.source.streamLabel(source));
    await Promise.all(
      Array.from({ length: SEGMENTS }, (_, index) =>
        readSegment(ports, spaces, extent, { source, index, suspects }),
      ),
    );
  }
  for (const space of spaces) {
    await readHeld(space, extent);
    for await (const lines of space.partitions.read())
      suspects.push(...compare(space, lines, { extent, labels }));
  }
  return suspects;
}

async function readSegment(
  ports: VerifyPorts,
  spaces: readonly Space[],
  extent: Extent,
  at: { readonly source: ViewSource; readonly index: number; readonly suspects: Suspect[] },
): Promise<void> {
  const { source, index, suspects } = at;
  for await (const { items } of ports.source.scan(source, { index, total: SEGMENTS })) {
    for (const { owner, item } of items)
      for (const { comparands, asked, partitions } of spaces)
        for (const [i, comparand] of comparands.entries()) {
          if (sourceOf(comparand) !== source) continue;
          const lines = linesOf(comparand, i, owner, item);
          if (lines === "failed") {
            if (asked.has(comparand) && shareOf(owner) < extent.share)
              suspects.push({ comparand, key: owner, owners: [owner], isOwnerKnown: true });
            continue;
          }
          for (const line of lines)
            if (shareOf(line[0]) < extent.share) await partitions.write(line);
        }
    extent.onRead(items.length);
  }
}

function linesOf(
  comparand: Comparand,
  i: number,
  owner: string,
  item: Item,
): readonly Line[] | "failed" {
  try {
    return comparand.derive(owner, item).map(({ key, value, optional }): Line => {
      const score = isRanked(comparand.view) ? String(value["score"]) : "";
      const flag = optional ? "optional" : "";
      return [belongsTo(comparand, key), "derived", key, digestOf(value), owner, String(i), flag, score]; // prettier-ignore
    });
  } catch {
    return "failed";
  }
}

/** The members of a collection belong together, since it may show only the highest; any other row is compared by itself. */
function belongsTo({ view }: Comparand, key: string): string {
  return isCollection(view) ? parseMemberKey(key).collection : key;
}

async function readHeld({ comparands, partitions }: Space, extent: Extent): Promise<void> {
  const [first] = comparands;
  if (!first) return;
  let read = 0;
  for await (const { key, value, version = "", owner = "" } of first.scan()) {
    const by = belongsTo(first, key);
    if (shareOf(by) < extent.share)
      await partitions.write([by, "held", key, digestOf(value), owner, version]);
    if (++read % 100 === 0) extent.onRead(100);
  }
  extent.onRead(read % 100);
}

interface DerivedRow {
  readonly comparand: Comparand;
  readonly key: string;
  readonly digest: string;
  readonly owner: string;
  readonly optional: boolean;
  readonly score: string;
}

interface Held {
  readonly key: string;
  readonly digest: string;
  readonly owner: string;
  readonly version: string;
}

interface Context {
  readonly extent: Extent;
  readonly labels: ReadonlyMap<ViewSource, string>;
}

function compare(space: Space, lines: readonly Line[], context: Context): readonly Suspect[] {
  const derived = new Map<string, DerivedRow[]>();
  const all = lines.flatMap((line) => derivedRow(space, line) ?? []);
  for (const comparand of space.comparands)
    for (const row of visible(comparand, all)) {
      const known = derived.get(row.key);
      if (known) known.push(row);
      else derived.set(row.key, [row]);
    }
  const held = new Map<string, Held>();
  for (const [, kind, key = "", digest = "", owner = "", version = ""] of lines)
    if (kind === "held") held.set(key, { key, digest, owner, version });
  const owners = new Map(all.map(({ key, owner }) => [key, owner]));
  return [
    ...wronglyHeld(space, derived, held, context.extent),
    ...heldInVain(space, derived, held, { ...context, owners }),
  ];
}

function derivedRow({ comparands }: Space, line: Line): DerivedRow | undefined {
  const [, kind, key = "", digest = "", owner = "", i = "", flag, score = ""] = line;
  const comparand = comparands[Number(i)];
  if (kind !== "derived" || !comparand) return undefined;
  return { comparand, key, digest, owner, optional: flag === "optional", score };
}

/** Of what items derive, what readers should see. */
function visible(comparand: Comparand, all: readonly DerivedRow[]): readonly DerivedRow[] {
  const own = all.filter((row) => row.comparand === comparand);
  const { view } = comparand;
  if (!isRanked(view)) return own;
  const rows = own.map(({ key, score }) => {
    const { member } = parseMemberKey(key);
    return { key, value: { member, score: Number(score) } };
  });
  const seen = new Set(visibleRows(view, rows).map(({ key }) => key));
  return own.filter(({ key }) => seen.has(key));
}

function wronglyHeld(
  { asked }: Space,
  derived: ReadonlyMap<string, readonly DerivedRow[]>,
  held: ReadonlyMap<string, Held>,
  { reports }: Extent,
): readonly Suspect[] {
  return [...derived].flatMap(([key, rows]) => {
    const [first] = rows;
    if (!first || !asked.has(first.comparand)) return [];
    const { comparand } = first;
    const report = reports.get(comparand.view.name);
    if (report) report.rows++;
    return isAsDerived(comparand, rows, held.get(key))
      ? []
      : [
          {
            comparand,
            key,
            owners: [...new Set(rows.map(({ owner }) => owner))],
            isOwnerKnown: !isSet(comparand.view),
          },
        ];
  });
}

function isAsDerived(
  { view, isOwner }: Comparand,
  rows: readonly DerivedRow[],
  held: Held | undefined,
): boolean {
  if (held === undefined) return rows.every(({ optional }) => optional);
  // Many items may contribute one member of a set; any other row is one item's own.
  if (isSet(view)) return true;
  const [row, another] = rows;
  if (row === undefined || another !== undefined) return false;
  return row.digest === held.digest && held.owner !== "" && isOwner(held.owner, row.owner);
}

function heldInVain(
  space: Space,
  derived: ReadonlyMap<string, readonly DerivedRow[]>,
  held: ReadonlyMap<string, Held>,
  context: Context & { readonly owners: ReadonlyMap<string, string> },
): readonly Suspect[] {
  const [first] = space.comparands;
  if (!first) return [];
  const collections = new Map(
    [...derived.values()]
      .flat()
      .map(({ comparand, key }) => [belongsTo(comparand, key), comparand]),
  );
  return [...held.values()].flatMap((row) => {
    if (derived.has(row.key)) return [];
    // What no ledger vouches for is in a collection that is ours, or none of our business.
    const comparand =
      first.view.kind === "cache-view" && row.version === ""
        ? collections.get(belongsTo(first, row.key))
        : whose(space, row, context.labels);
    if (!comparand || !space.asked.has(comparand)) return [];
    // An item that derives it although it should not be seen, or the one it came from.
    const owner = context.owners.get(row.key) ?? row.owner;
    const isOwnerKnown =
      first.view.kind !== "cache-view" || (owner.startsWith("[") && !isSet(first.view));
    return [
      { comparand, key: row.key, owners: owner.startsWith("[") ? [owner] : [], isOwnerKnown },
    ];
  });
}

/** Whether a key begins as all of a view's do, up to a sign such as the colon of `order:`; chance makes no such name. */
function isNamedLike({ prefix }: Comparand, key: string): boolean {
  const [name] = /^.*[^\p{L}\p{N}]/su.exec(prefix()) ?? [];
  return name !== undefined && key.startsWith(name);
}

/**
 * The view that a row belongs to which no item derives: in a table that is no question. A cache may hold entries of
 * others, too; ours are of the stream that a view follows, and where several views follow it, of the one whose keys
 * begin like it. One of no stream that is followed now is of a stream before it, if a view's keys begin like it.
 */
function whose(
  { comparands }: Space,
  { key, version }: Held,
  labels: ReadonlyMap<ViewSource, string>,
): Comparand | undefined {
  if (comparands.length === 1 && comparands[0]?.view.kind !== "cache-view") return comparands[0];
  const label = labelOf(version as Version);
  const likeness = ({ prefix }: Comparand) => (key.startsWith(prefix()) ? prefix().length : 0);
  const ofStream = comparands.filter(({ view }) => labels.get(view.source) === label);
  const isOfFormer = ![...labels.values()].includes(label);
  const candidates = isOfFormer ? comparands.filter((each) => isNamedLike(each, key)) : ofStream;
  return candidates.sort((a, b) => likeness(b) - likeness(a))[0];
}

function sourceOf({ view }: Comparand): ViewSource {
  return view.source;
}
