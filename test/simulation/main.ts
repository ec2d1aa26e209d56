/** `npm run simulate`: runs many seeds, and tells those whose views differ from their recomputation. */
import { Command, InvalidArgumentError } from "commander";

import { createProgress } from "../../src/cli/progress.js";
import { describeFailure, explain } from "./explain.js";
import { planOf } from "./make-plan.js";
import { FAULT_KINDS } from "./plan.js";
import { simulate } from "./simulate.js";

/** Failing seeds told in full; of more, only the number is told. */
const MOST_EXPLAINED = 5;

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly json?: boolean;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new InvalidArgumentError(`"${text}" is not a whole number from 0 on`);
}

const options = new Command("simulate")
  .description("runs seeded histories through the pipeline under faults; exits 1 on a difference")
  .option("--seeds <n>", "how many seeds", wholeNumber, 1_000)
  .option("--from <seed>", "the first seed", wholeNumber, 1)
  .option("--json", "print one object last, and nothing else on standard output")
  .parse()
  .opts<Options>();

process.exitCode = await main(options);

async function main({ seeds, from, json }: Options): Promise<number> {
  const startedAtMs = Date.now();
  const progress = createProgress(process.stderr);
  const bar = progress.add("seeds", seeds);
  const met = new Map<string, number>();
  const failing: number[] = [];
  for (let seed = from; seed < from + seeds; seed++) {
    const { differences, faults } = await simulate(planOf(seed));
    if (differences.length > 0) {
      failing.push(seed);
      process.stderr.write(`seed ${seed} fails\n`);
    }
    for (const [kind, count] of faults) met.set(kind, (met.get(kind) ?? 0) + count);
    bar.update(seed - from + 1);
  }
  progress.stop();
  const seconds = (Date.now() - startedAtMs) / 1000;
  const explanations = [];
  for (const seed of failing.slice(0, MOST_EXPLAINED))
    explanations.push(await explain(planOf(seed)));
  const faults = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, met.get(kind) ?? 0]));
  if (json) print(JSON.stringify({ seeds, from, seconds, failing, faults, explanations }));
  else {
    for (const explanation of explanations) print(`${describeFailure(explanation)}\n`);
    for (const [kind, count] of Object.entries(faults))
      print(`${String(count).padStart(8)} × ${kind}`);
    print(`${seeds} seeds in ${seconds.toFixed(1)} s, ${failing.length} of them with differences`);
  }
  return failing.length === 0 ? 0 : 1;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
