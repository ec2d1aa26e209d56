import type { Version } from "../change/version.js";

/** What the readers of a cache find under a row's key. */
export interface Content {
  /** `foreign`: something that Millrace did not write, or not in this form. */
  readonly state: "present" | "absent" | "foreign";
  /** The value as it is read; of what is foreign, as far as it can be told. */
  readonly value?: unknown;
  /** The version of what is there, or of what is known to be gone. */
  readonly version?: Version;
  /** Fingerprint of the item it belongs to. */
  readonly owner?: string;
  /** Of a member that is absent: the score up to which its collection may hide members. */
  readonly hidesUpTo?: number;
}
