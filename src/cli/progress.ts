import { MultiBar, Presets } from "cli-progress";

/** Shows how far several pieces of work are. */
export interface Progress {
  /** Adds a piece of work; `update` takes how much of it is done. */
  add(label: string, total: number): { update(done: number): void };
  stop(): void;
}

const FORMAT = "{label} {bar} {percentage}% | {value}/{total} | {rate}/s | ETA {remaining}";
const LABEL_WIDTH = 10;

/** Progress bars with rate and ETA on a terminal; elsewhere a plain line every few seconds. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? barProgress(stream) : lineProgress(stream);
}

function barProgress(stream: NodeJS.WriteStream): Progress {
  const bars = new MultiBar(
    { stream, format: FORMAT, hideCursor: true, clearOnComplete: false },
    Presets.shades_classic,
  );
  return {
    add(label, total) {
      const startedAtMs = Date.now();
      const bar = bars.create(total, 0, {
        label: label.padEnd(LABEL_WIDTH),
        ...pace(0, total, startedAtMs),
      });
      return { update: (done) => bar.update(done, pace(done, total, startedAtMs)) };
    },
    stop: () => bars.stop(),
  };
}

function lineProgress(stream: NodeJS.WriteStream): Progress {
  const everyMs = 5_000;
  return {
    add(label, total) {
      const startedAtMs = Date.now();
      let lastMs = startedAtMs;
      let finished = false;
      return {
        update(done) {
          if (finished || (Date.now() - lastMs < everyMs && done < total)) return;
          lastMs = Date.now();
          finished = done >= total;
          const { rate, remaining } = pace(done, total, startedAtMs);
          stream.write(
            `${label.padEnd(LABEL_WIDTH)} ${done}/${total} | ${rate}/s | ETA ${remaining}\n`,
          );
        },
      };
    },
    stop: () => undefined,
  };
}

function pace(
  done: number,
  total: number,
  startedAtMs: number,
): { rate: number; remaining: string } {
  const seconds = Math.max(0.001, (Date.now() - startedAtMs) / 1000);
  const rate = done / seconds;
  const left = rate > 0 ? Math.ceil(Math.max(0, total - done) / rate) : 0;
  return {
    rate: Math.round(rate),
    remaining:
      left >= 60 ? `${Math.floor(left / 60)}m${String(left % 60).padStart(2, "0")}s` : `${left}s`,
  };
}
