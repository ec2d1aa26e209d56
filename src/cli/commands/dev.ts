import { existsSync, rmSync, watch, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import pc from "picocolors";

import { messageOf } from "../../errors.js";
import { createFileCheckpoints } from "../../local/event-source-mapping/checkpoint-store.js";
import type { InvokedEvent } from "../../local/event-source-mapping/mapping-events.js";
import { loadProject, type Project } from "../load-project.js";
import { type RunningPipeline, runPipeline } from "../run-pipeline.js";
import { openServices } from "../services.js";
import { untilStopped } from "../until-stopped.js";

/** What `millrace dev` takes. */
export interface DevOptions {
  readonly pipeline: string;
  /** Folder for data and positions. */
  readonly data: string;
  /** Keep the data of servers started here in memory only. */
  readonly inMemory?: boolean;
  readonly dynamodbPort?: number;
  readonly redisPort?: number;
  /** Reload when a file of the project changes. */
  readonly watch: boolean;
  /** Written once everything is up, removed on stopping. */
  readonly readyFile?: string;
  readonly quiet?: boolean;
  /** A serverless.yml, to call its functions instead of a pipeline's. */
  readonly config?: string;
  /** The stage that the serverless.yml is read for. */
  readonly stage?: string;
}

/** What a parent process is told, several times a second. */
export interface DevStatus {
  readonly records: number;
  readonly caughtUpAtMs: number | undefined;
  readonly peakRssMb: number;
}

const STATUS_INTERVAL_MS = 100;
const RELOAD_DELAY_MS = 200;

/** Brings everything up, follows the sources' streams, and calls the project's handlers until it is stopped. */
export async function dev(options: DevOptions): Promise<void> {
  const directory = dirname(resolve(options.pipeline));
  const print = options.quiet ? () => undefined : (line: string) => console.log(line);
  // Metrics are for CloudWatch; what a person needs to see here is the line a batch and the errors.
  process.env["POWERTOOLS_METRICS_DISABLED"] ??= "true";
  process.env["POWERTOOLS_LOG_LEVEL"] ??= "WARN";
  const services = await openServices({
    ...(!options.inMemory && { dataDirectory: options.data }),
    ...(options.dynamodbPort && { dynamodbPort: options.dynamodbPort }),
    ...(options.redisPort && { redisPort: options.redisPort }),
    needsRedis: true,
  });
  const checkpoints = createFileCheckpoints(join(options.data, "checkpoints.json"));
  const start = async (project: Project) => {
    const running = await runPipeline(project, services.config, checkpoints);
    running.events.on("invoked", ({ label, event }) => print(batchLine(label, event)));
    running.events.on("problem", (message) => console.error(pc.yellow(message)));
    return running;
  };
  try {
    const project = await loadProject(directory, options.pipeline);
    let running = await start(project);
    for (const line of [...services.lines, ...projectLines(project, running)]) print(line);
    const stopReporting = reportToParent(() => running);
    const stopWatching = options.watch ? watchProject(project, reload) : () => undefined;
    if (options.readyFile !== undefined) writeFileSync(options.readyFile, `${process.pid}\n`);
    async function reload(): Promise<void> {
      try {
        const fresh = await loadProject(directory, options.pipeline);
        await running.stop();
        running = await start(fresh);
        print(pc.green(`reloaded: ${fresh.declarations.views.length} views`));
      } catch (thrown) {
        console.error(pc.red(`not reloaded, the old declarations stay: ${messageOf(thrown)}`));
      }
    }
    print(pc.dim("write to a source table; Ctrl-C stops"));
    try {
      await Promise.race([untilStopped(), services.died]);
    } finally {
      stopWatching();
      stopReporting();
      if (options.readyFile !== undefined) rmSync(options.readyFile, { force: true });
      await running.stop();
    }
  } finally {
    await services.stop();
  }
}

function projectLines({ declarations }: Project, { createdTables }: RunningPipeline): string[] {
  const views = declarations.views.map(({ name, source, kind }) => {
    return `  ${source.table} > ${name}${kind === "cache-view" ? " (Redis)" : ""}`;
  });
  const created = createdTables.length > 0 ? [`Created   ${createdTables.join(", ")}`] : [];
  return [...created, "Views", ...views];
}

/** One line about one invocation. */
export function batchLine(
  label: string,
  { records, durationMs, iteratorAgeMs, outcome }: InvokedEvent,
): string {
  const rate = Math.round((records.length * 1000) / Math.max(1, durationMs));
  const columns = [
    new Date().toISOString().slice(11, 23),
    label.padEnd(24),
    `${String(records.length).padStart(5)} records`,
    `${String(durationMs).padStart(5)} ms`,
    `${String(rate).padStart(6)}/s`,
    `lag ${(iteratorAgeMs / 1000).toFixed(1)} s`,
  ];
  const line = columns.join("  ");
  return outcome.type === "success" ? line : pc.red(`${line}  ${outcome.type}, delivered again`);
}

/** Tells a parent process, where there is one, how far the pipeline is. */
function reportToParent(running: () => RunningPipeline): () => void {
  if (!process.send) return () => undefined;
  let records = 0;
  let counted: RunningPipeline | undefined;
  const timer = setInterval(() => {
    if (counted !== running()) {
      counted = running();
      counted.events.on(
        "invoked",
        ({ event }) => (records += event.outcome.type === "success" ? event.records.length : 0),
      );
    }
    const peakRssMb = Math.round(process.resourceUsage().maxRSS / 1024);
    const status: DevStatus = { records, caughtUpAtMs: running().caughtUpAtMs(), peakRssMb };
    if (process.connected) process.send?.(status);
  }, STATUS_INTERVAL_MS);
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  return () => clearInterval(timer);
}

/** Calls back once after every burst of changes to the declarations or the handlers. */
function watchProject(
  { directory, pipelineFile }: Project,
  onChange: () => Promise<void>,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void onChange(), RELOAD_DELAY_MS);
  };
  const handlers = join(directory, "handlers");
  const watchers = [dirname(pipelineFile), ...(existsSync(handlers) ? [handlers] : [])].map(
    (folder) =>
      watch(folder, (_event, file) => {
        if (file?.endsWith(".ts")) changed();
      }),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
