import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { MillraceError } from "../../errors.js";
import type { DevStatus } from "../commands/dev.js";

/** The pipeline, in a process of its own, started again whenever it dies. */
export interface PipelineProcess {
  /** Resolves once everything written before this time is in the views. */
  caughtUp(sinceMs: number): Promise<void>;
  /** Most memory any of the processes held. */
  peakRssMb(): number;
  stop(): Promise<void>;
}

const RESTART_DELAY_MS = 200;
/** A pipeline that dies this often without ever getting ready will not get ready. */
const MAX_FAILED_STARTS = 5;

/**
 * Starts `millrace dev` as a child, and again when it is killed: as Lambda would, positions and all.
 *
 * @param onDelivered told how many records the functions have taken so far, all functions together.
 * @returns once it is up.
 */
export async function startPipelineProcess(
  onProblem: (line: string) => void,
  onDelivered: (records: number) => void = () => undefined,
): Promise<PipelineProcess> {
  const data = mkdtempSync(join(tmpdir(), "millrace-demo-"));
  const waiting = new Set<(status: DevStatus) => void>();
  let peakRssMb = 0;
  let failedStarts = 0;
  let delivered = 0;
  let stopping = false;
  let child = start();

  function start(): ChildProcess {
    const started = spawnDev(data);
    let wasUp = false;
    let counted = 0;
    started.on("message", (status: DevStatus) => {
      wasUp = true;
      failedStarts = 0;
      peakRssMb = Math.max(peakRssMb, status.peakRssMb);
      delivered += status.records - counted;
      counted = status.records;
      onDelivered(delivered);
      for (const notify of waiting) notify(status);
    });
    started.once("exit", (code, signal) => {
      if (stopping) return;
      if (!wasUp) failedStarts++;
      onProblem(`pipeline process ended (${signal ?? `exit code ${code}`}); starting it again`);
      setTimeout(() => (child = stopping ? child : start()), RESTART_DELAY_MS);
    });
    return started;
  }

  const until = (isReached: (status: DevStatus) => boolean) =>
    new Promise<void>((resolve, reject) => {
      const check = (status: DevStatus) => {
        if (!isReached(status)) return;
        finish();
        resolve();
      };
      const timer = setInterval(() => {
        if (failedStarts < MAX_FAILED_STARTS) return;
        finish();
        reject(
          new MillraceError(
            "unavailable",
            "the pipeline's process does not start; run millrace dev to see why",
          ),
        );
      }, 500);
      const finish = () => {
        clearInterval(timer);
        waiting.delete(check);
      };
      waiting.add(check);
    });

  await until(() => true);
  return {
    caughtUp: (sinceMs) => until(({ caughtUpAtMs = 0 }) => caughtUpAtMs > sinceMs),
    peakRssMb: () => peakRssMb,
    async stop() {
      stopping = true;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null && child.signalCode === null && child.kill("SIGTERM"))
        await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Megabytes of heap; a pipeline holds a few batches at a time, whatever the size of the tables. */
const MAX_HEAP_MB = 160;

function spawnDev(data: string): ChildProcess {
  const main = fileURLToPath(
    new URL(`../main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
  );
  const args = [
    ...process.execArgv,
    `--max-old-space-size=${MAX_HEAP_MB}`,
    main,
    "dev",
    "--quiet",
    "--no-watch",
    "--data",
    data,
  ];
  return spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
}
