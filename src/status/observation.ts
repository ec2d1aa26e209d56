import type { FunctionKind, FunctionProgress, SourceProgress } from "../state/progress.js";
import type { View } from "../view/view.js";
import type { Newer } from "./look-at-stream.js";
import type { BackfillProgress } from "./read-backfill.js";

/** A table's stream, as it is now. */
export type StreamState =
  | { readonly state: "no-table" }
  | { readonly state: "off" }
  | { readonly state: "wrong-type"; readonly viewType: string }
  | { readonly state: "on"; readonly label: string; readonly arn: string };

/** A function that follows a source, or ought to. */
export interface FunctionObservation {
  readonly function: FunctionKind;
  /** Absent where it has never recorded anything. */
  readonly progress?: FunctionProgress;
  readonly newer: Newer;
}

/** A view, with what of it waits. */
export interface ViewObservation {
  readonly view: View;
  readonly function: FunctionKind;
  readonly quarantined: number;
  readonly fences: number;
  readonly backfill?: BackfillProgress;
}

/** All that is seen of a source and its views at one moment. */
export interface SourceObservation {
  /** Declared name of the table. */
  readonly source: string;
  /** The name DynamoDB knows it by. */
  readonly tableName: string;
  readonly stream: StreamState;
  readonly mendedAtMs: SourceProgress["mendedAtMs"];
  readonly functions: readonly FunctionObservation[];
  readonly views: readonly ViewObservation[];
  /** Records in quarantine that could not be decoded, and so belong to no view. */
  readonly undecoded: number;
}
