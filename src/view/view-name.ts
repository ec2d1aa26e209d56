/** A version of a view: the versions of one view share its name. */
export interface VersionedName {
  readonly view: string;
  readonly version: number;
}

/**
 * What a version of a view is called everywhere, in the state table, in commands and in metrics: by the view's name, and
 * from the second version on by `name@2`.
 */
export function viewName({ view, version }: VersionedName): string {
  return version === 1 ? view : `${view}@${version}`;
}

/** The opposite of {@link viewName}. */
export function parseViewName(name: string): VersionedName {
  const [view = "", version = "1"] = name.split("@");
  return { view, version: Number(version) };
}

/** The table of a version of a view, where the declaration names none. */
export function versionTable({ view, version }: VersionedName): string {
  return version === 1 ? view : `${view}-v${version}`;
}

/** What the Redis keys of a version of a view begin with, so that those of two versions are not the same. */
export function versionKeyPrefix({ view, version }: VersionedName): string {
  return version === 1 ? "" : `${viewName({ view, version })}:`;
}

/** What is wrong with the name and the version of a view. */
export function viewNameMistakes({
  name,
  version = 1,
}: {
  name: unknown;
  version?: unknown;
}): string[] {
  const isName = typeof name === "string" && /^[a-z0-9][a-z0-9_.-]{0,127}$/i.test(name);
  const isVersion = Number.isInteger(version) && Number(version) >= 1 && Number(version) <= 9999;
  const told = `view ${JSON.stringify(name)}`;
  return [
    ...(isName
      ? []
      : [
          `${told}: not a name; use 1 to 128 of a-z, A-Z, 0-9, "_", "-" and ".", beginning with a letter or digit`,
        ]),
    ...(isVersion
      ? []
      : [`${told}: version is ${JSON.stringify(version)}; give a whole number from 1 to 9999`]),
  ];
}
