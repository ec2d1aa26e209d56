/** A duration in its largest whole unit; seconds to a tenth below ten. */
export function durationOf(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = seconds / 60;
  if (minutes < 120) return `${Math.floor(minutes)} min`;
  const hours = minutes / 60;
  return hours < 48 ? `${Math.floor(hours)} h` : `${Math.floor(hours / 24)} d`;
}

/** How long ago something was, in whole units. */
export function agoOf(ms: number, nowMs: number): string {
  const agoMs = Math.max(0, nowMs - ms);
  return `${agoMs < 9_950 ? `${Math.round(agoMs / 1000)} s` : durationOf(agoMs)} ago`;
}

/** A time of day, UTC, with its date where that is another than today's. */
export function clockOf(ms: number, nowMs: number): string {
  const [date = "", time = ""] = new Date(ms).toISOString().slice(0, 19).split("T");
  return date === new Date(nowMs).toISOString().slice(0, 10) ? time : `${date} ${time}`;
}
