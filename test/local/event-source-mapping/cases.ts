import { readFileSync } from "node:fs";

/** Reads one file of cases. */
export function readCases<T>(name: string): readonly T[] {
  return JSON.parse(
    readFileSync(new URL(`cases/${name}.json`, import.meta.url), "utf8"),
  ) as readonly T[];
}
