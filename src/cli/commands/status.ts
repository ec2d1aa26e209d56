import { createStatusReader } from "../../compose-status.js";
import type { StatusReport } from "../../status/assess.js";
import { collectDeclarations } from "../../view/declarations.js";
import { selectViews } from "../../view/select-views.js";
import { loadPipeline } from "../load-project.js";
import { createRedraw } from "../redraw.js";
import { reachDynamoDb } from "../services.js";
import { formatStatus } from "../status/format-status.js";
import { untilStopped } from "../until-stopped.js";

/** What `millrace status` takes. */
export interface StatusOptions {
  readonly pipeline: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

const WATCH_INTERVAL_MS = 2_000;

/**
 * Prints how views are doing, once or until it is stopped.
 *
 * @returns whether nothing needed a person, the last time it looked.
 */
export async function status(names: readonly string[], options: StatusOptions): Promise<boolean> {
  const { exports } = await loadPipeline(process.cwd(), options.pipeline);
  const views = selectViews(collectDeclarations(exports).views, names);
  const reader = createStatusReader(await reachDynamoDb());
  const show = options.json ? printJson : printText(options.watch ?? false);
  const stopped = untilStopped();
  try {
    for (;;) {
      const report = await reader.read(views);
      show(report);
      if (!options.watch) return report.ok;
      const isOver = await Promise.race([stopped.then(() => true), pause()]);
      if (isOver) return report.ok;
    }
  } finally {
    reader.close();
  }
}

function pause(): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), WATCH_INTERVAL_MS));
}

function printJson(report: StatusReport): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

function printText(redraws: boolean): (report: StatusReport) => void {
  const { isTTY, columns } = process.stdout;
  const draw = redraws ? createRedraw(process.stdout) : (text: string) => console.log(text);
  return (report) => draw(formatStatus(report, isTTY ? { columns } : {}));
}
