import { MillraceError } from "../../errors.js";

/** How long a bucket is. */
export type BucketUnit = "minute" | "hour" | "day";

/** What {@link bucket} takes besides unit and time. */
export interface BucketOptions {
  /** IANA name of the zone whose days and hours are meant: `Europe/Zurich`. UTC where it is not given. */
  readonly timeZone?: string;
}

/** Characters of `2026-01-31T23:59` that each unit keeps. */
const LENGTH: Readonly<Record<BucketUnit, number>> = { minute: 16, hour: 13, day: 10 };

const LOCAL = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * The minute, hour or day that a time is in, as text that sorts by time: `2026-01-31`, `2026-01-31T14Z`.
 *
 * A time is ISO 8601 text or Unix milliseconds. An hour or minute ends in `Z` in UTC, and in the offset in a named zone,
 * so that the two hours of a clock set back stay apart: `2026-10-25T02+01:00`. Text without an offset is somebody's local
 * time and is cut as it stands: `2026-01-31T14`.
 *
 * @throws `invalid-row` when the time is not one, or is local where a zone is asked for; `view-failed` when there is no
 *   such zone.
 */
export function bucket(
  unit: BucketUnit,
  time: string | number,
  { timeZone }: BucketOptions = {},
): string {
  if (!Object.hasOwn(LENGTH, unit))
    throw new MillraceError(
      "view-failed",
      `bucket unit ${JSON.stringify(unit)} is not one of minute, hour, day`,
    );
  if (typeof time === "string" && LOCAL.test(time) && isDate(time)) {
    if (timeZone === undefined) return time.slice(0, LENGTH[unit]);
    throw invalid(
      time,
      `has no offset, so its ${unit} in ${timeZone} is unknown; add Z or an offset`,
    );
  }
  const instantMs = typeof time === "string" && INSTANT.test(time) ? Date.parse(time) : time;
  if (typeof instantMs !== "number" || !(Math.abs(instantMs) <= MOST_MS))
    throw invalid(
      time,
      "is no time; give ISO 8601 text such as 2026-01-31T14:05:00Z, or Unix milliseconds",
    );
  return timeZone === undefined
    ? labelOf(unit, new Date(instantMs).toISOString(), "Z")
    : zonedLabel(unit, instantMs, timeZone);
}

/** The end of the year 9999: later years would not sort as text. */
const MOST_MS = 253_402_300_799_999;

/** Whether text of the right shape names a day and time that there are. */
function isDate(local: string): boolean {
  return !Number.isNaN(Date.parse(`${local.replace(",", ".")}Z`));
}

function labelOf(unit: BucketUnit, iso: string, offset: string): string {
  return iso.slice(0, LENGTH[unit]) + (unit === "day" ? "" : offset);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function zonedLabel(unit: BucketUnit, instantMs: number, timeZone: string): string {
  const parts = formatOf(timeZone).formatToParts(instantMs);
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    parts.find((each) => each.type === type)?.value ?? "";
  const day = `${part("year").padStart(4, "0")}-${part("month")}-${part("day")}`;
  const offset = part("timeZoneName").slice("GMT".length) || "+00:00";
  return labelOf(unit, `${day}T${part("hour")}:${part("minute")}`, offset);
}

/** Making a format takes a hundred times as long as using it. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  try {
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      timeZoneName: "longOffset",
    });
    formats.set(timeZone, format);
    return format;
  } catch (cause) {
    throw new MillraceError(
      "view-failed",
      `"${timeZone}" is no time zone; give an IANA name such as Europe/Zurich`,
      { cause },
    );
  }
}

function invalid(time: unknown, fault: string): MillraceError {
  return new MillraceError(
    "invalid-row",
    `the time ${JSON.stringify(time) ?? "undefined"} ${fault}`,
  );
}
