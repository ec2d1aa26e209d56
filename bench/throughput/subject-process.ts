import { createLimitSubject } from "./limit-subject.js";
import { createMillraceSubject } from "./millrace-subject.js";
import { createPowertoolsSubject } from "./powertools-subject.js";
import type { Endpoints, Subject, SubjectName } from "./subject.js";
import { batchesOf, type Workload, workloadNamed } from "./workload.js";

/** What a subject's process is told to do; given as JSON in its first argument. */
export interface SubjectTask {
  readonly subject: SubjectName;
  readonly workload: string;
  readonly changes: number;
  readonly batchSize: number;
  /** How long it works before the measurement begins, so that compilers and connections are warm. */
  readonly warmUpSeconds: number;
  readonly endpoints: Endpoints;
}

/** What it tells of itself. */
export interface SubjectRun {
  /** Changes measured: those asked for, and the rest of the last batch. */
  readonly changes: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

function createSubject(name: SubjectName, workload: Workload, endpoints: Endpoints): Subject {
  switch (name) {
    case "millrace":
      return createMillraceSubject(workload);
    case "powertools-parallel":
    case "powertools-sequential":
      return createPowertoolsSubject(workload, endpoints, name === "powertools-parallel");
    case "limit":
      return createLimitSubject(workload, endpoints);
  }
}

async function run(task: SubjectTask): Promise<SubjectRun> {
  const workload = workloadNamed(task.workload);
  const subject = createSubject(task.subject, workload, task.endpoints);
  const measured = { changes: 0, seconds: 0, cpuSeconds: 0 };
  let warmSeconds = 0;
  let isWarm = false;
  for (const batch of batchesOf(workload, Number.POSITIVE_INFINITY, task.batchSize)) {
    // The event is JSON that the runtime has parsed: no string of it is shared with whatever made it.
    const records = JSON.parse(JSON.stringify(batch)) as typeof batch;
    if (!isWarm && warmSeconds >= task.warmUpSeconds) {
      isWarm = true;
      await askParent("warm");
    }
    const cpuBefore = process.cpuUsage();
    const startedAtMs = performance.now();
    await subject.handle(records);
    const seconds = (performance.now() - startedAtMs) / 1000;
    if (!isWarm) {
      warmSeconds += seconds;
      continue;
    }
    const { user, system } = process.cpuUsage(cpuBefore);
    measured.cpuSeconds += (user + system) / 1e6;
    measured.seconds += seconds;
    measured.changes += records.length;
    if (measured.changes >= task.changes) break;
  }
  return { ...measured, peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024) };
}

/** Lets the parent start its counts before the measurement begins. */
function askParent(message: string): Promise<unknown> {
  return new Promise((resolve) => {
    process.once("message", resolve);
    process.send?.(message);
  });
}

const result = await run(JSON.parse(process.argv[2] ?? "{}") as SubjectTask);
process.send?.(result, () => process.exit());
