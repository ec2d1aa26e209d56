import { MillraceError } from "../errors.js";
import type { View } from "../view/view.js";
import { parseViewName } from "../view/view-name.js";

/** Says which version of a view is read; `undefined` where none was ever switched to. */
export type VersionLookup = (view: string) => Promise<number | undefined>;

/** One version of a view, or all that may be switched to. */
export type Versions<V> = V | readonly V[];

/**
 * The version to read of those given: the one that was switched to, the oldest where none ever was. Of a single one
 * nobody is asked: who gives one version reads that.
 *
 * @throws `configuration` where the version that is read is not among them, or nobody knows which that is.
 */
export async function currentView<V extends View>(
  versions: Versions<V>,
  lookup: VersionLookup | undefined,
): Promise<V> {
  if (!isList(versions)) return versions;
  const sorted = [...versions].sort((one, other) => versionOf(one) - versionOf(other));
  const [oldest] = sorted;
  if (oldest === undefined || lookup === undefined)
    throw new MillraceError(
      "configuration",
      oldest === undefined
        ? "a reader was given an empty list of views; give the versions that may be read"
        : `view "${oldest.name}": a reader was given several versions, and not how to tell which is read; give it currentVersion: currentVersions()`,
    );
  const { view } = parseViewName(oldest.name);
  const version = await lookup(view);
  const current = version === undefined ? oldest : sorted.find((one) => versionOf(one) === version);
  if (current) return current;
  const known = sorted.map(versionOf).join(", ");
  throw new MillraceError(
    "configuration",
    `version ${version} of view "${view}" is the one that is read, but the reader has only ${known}; give it that one too, or go back by npx millrace switch ${view} --to ${versionOf(oldest)}`,
  );
}

/** A lookup that asks at most every few seconds; while there is no answer, the last one stands. */
export function cachedLookup(
  lookup: VersionLookup,
  { nowMs, ttlMs }: { readonly nowMs: () => number; readonly ttlMs: number },
): VersionLookup {
  const known = new Map<
    string,
    { readonly atMs: number; readonly answer: Promise<number | undefined> }
  >();
  return (view) => {
    const last = known.get(view);
    if (last && nowMs() - last.atMs < ttlMs) return last.answer;
    const answer = lookup(view).catch((thrown: unknown) => {
      if (last) return last.answer;
      known.delete(view);
      throw thrown;
    });
    known.set(view, { atMs: nowMs(), answer });
    return answer;
  };
}

function versionOf({ name }: View): number {
  return parseViewName(name).version;
}

function isList<V>(versions: Versions<V>): versions is readonly V[] {
  return Array.isArray(versions);
}
