import type { Plan } from "./plan.js";

/** How many runs may be spent on making a history shorter. */
const MOST_RUNS = 1_500;

/**
 * Leaves out of a plan whatever it fails without, until nothing more can be left out: delta debugging over the writes
 * and the faults.
 *
 * Requires a plan that fails. Source: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002.
 */
export async function shorten(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  const steps: readonly Step[] = [
    ...plan.writes.map((write) => ({ write })),
    ...plan.faults.map((fault) => ({ fault })),
  ];
  let kept = steps;
  let runs = 0;
  const stillFails = async (some: readonly Step[]) =>
    runs++ < MOST_RUNS && fails(planOfSteps(plan, some));
  for (let parts = 2; kept.length > 1;) {
    const shorter = await leaveOutOne(kept, parts, stillFails);
    if (shorter) {
      kept = shorter;
      parts = Math.max(2, parts - 1);
    } else if (parts >= kept.length) break;
    else parts = Math.min(kept.length, 2 * parts);
  }
  return planOfSteps(plan, kept);
}

type Step = { readonly write: Plan["writes"][number] } | { readonly fault: Plan["faults"][number] };

/** The steps without one of so many parts, if they still fail so. */
async function leaveOutOne(
  steps: readonly Step[],
  parts: number,
  fails: (steps: readonly Step[]) => Promise<boolean>,
): Promise<readonly Step[] | undefined> {
  const size = Math.ceil(steps.length / parts);
  for (let from = 0; from < steps.length; from += size) {
    const rest = [...steps.slice(0, from), ...steps.slice(from + size)];
    if (await fails(rest)) return rest;
  }
  return undefined;
}

function planOfSteps(plan: Plan, steps: readonly Step[]): Plan {
  return {
    ...plan,
    writes: steps.flatMap((step) => ("write" in step ? [step.write] : [])),
    faults: steps.flatMap((step) => ("fault" in step ? [step.fault] : [])),
  };
}
