/** The versions of one view share a name; the first is called by it, later ones by `name@2` and on. */
export interface VersionedName {
  readonly view: string;
  readonly version: number;
}

/** What a view of a version is called everywhere: in the state table, in commands, in metrics. */
export function viewName({ view, version }: VersionedName): string {
  return version === 1 ? view : `${view}@${version}`;
}

/** The opposite of {@link viewName}. */
export function parseViewName(name: string): VersionedName {
  const [view = "", version = "1"] = name.split("@");
  return { view, version: Number(version) };
}
