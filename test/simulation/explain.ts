import type { Plan } from "./plan.js";
import type { Plants } from "./plants.js";
import { shorten } from "./shorten.js";
import { simulate, type Verdict } from "./simulate.js";

/** A seed that failed, in as few steps as still fail. */
export interface Explanation {
  readonly seed: number;
  readonly differences: readonly string[];
  /** What happened, step by step, in the shortened history. */
  readonly history: readonly string[];
  readonly plan: Plan;
}

/** Runs a failing plan again in ever shorter forms, and tells the shortest. */
export async function explain(plan: Plan, plants: Plants = {}): Promise<Explanation> {
  const shortest = await shorten(plan, async (candidate) =>
    isWrong(await simulate(candidate, plants)),
  );
  const history: string[] = [];
  const { differences } = await simulate(shortest, plants, (line) => history.push(line));
  return { seed: plan.seed, differences, history, plan: shortest };
}

function isWrong({ differences }: Verdict): boolean {
  return differences.length > 0;
}

/** The explanation as text, with the command that runs the seed again. */
export function describeFailure({ seed, differences, history, plan }: Explanation): string {
  const { settings, faults } = plan;
  return [
    `seed ${seed} fails; shortened to ${plan.writes.length} writes and ${faults.length} faults:`,
    `  settings ${JSON.stringify(settings)}`,
    ...faults.map((fault) => `  fault    ${JSON.stringify(fault)}`),
    ...history.map((line) => `  ${line}`),
    ...differences.map((difference) => `  ${difference}`),
    `run it again: npm run simulate -- --seeds 1 --from ${seed}`,
  ].join("\n");
}
