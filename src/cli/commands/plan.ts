import { planIn } from "../../compose-plan.js";
import { MillraceError } from "../../errors.js";
import { PRICES, type Prices } from "../../plan/prices.js";
import type { DeclaredRates } from "../../plan/rates.js";
import { collectDeclarations } from "../../view/declarations.js";
import { loadPipeline } from "../load-project.js";
import { formatPlan } from "../plan/format-plan.js";
import { reachDynamoDb } from "../services.js";

/** What `millrace plan` takes. */
export interface PlanOptions {
  readonly pipeline: string;
  readonly json?: boolean;
  readonly changesPerSecond?: number;
  readonly itemBytes?: number;
  readonly groupsPerChange?: number;
  /** `view=rows`, rows written for each change. */
  readonly writes?: readonly string[];
  /** `name=dollars`. */
  readonly price?: readonly string[];
}

/**
 * Prints what the declarations would change, and what they cost.
 *
 * @returns whether there is nothing to do.
 */
export async function plan(options: PlanOptions): Promise<boolean> {
  const { changesPerSecond, itemBytes, groupsPerChange, writes = [], price = [] } = options;
  const prices: Prices = { ...PRICES, ...pairs("--price", price, Object.keys(PRICES)) };
  const rates: DeclaredRates = {
    ...(changesPerSecond !== undefined && { changesPerSecond }),
    ...(itemBytes !== undefined && { itemBytes }),
    ...(groupsPerChange !== undefined && { groupsPerChange }),
    writesPerChange: pairs("--writes", writes),
  };
  const { exports } = await loadPipeline(process.cwd(), options.pipeline);
  const declarations = collectDeclarations(exports);
  const made = await planIn(await reachDynamoDb(), declarations, rates, prices);
  console.log(options.json ? JSON.stringify(made) : formatPlan(made, columnsOf(process.stdout)));
  return made.ok;
}

/** Names and numbers, `a=1`; names are checked where they are known. */
function pairs(
  option: string,
  given: readonly string[],
  known?: readonly string[],
): Record<string, number> {
  return Object.fromEntries(
    given.map((pair) => {
      const [name = "", number = ""] = pair.split("=");
      const isNumber = /^\d+(\.\d+)?$/.test(number);
      if (isNumber && (known?.includes(name) ?? true)) return [name, Number(number)];
      const names = known ? `; names are ${known.join(", ")}` : "";
      throw new MillraceError(
        "configuration",
        `${option} is given "${pair}"; give name=number, with a number of 0 or more${names}`,
      );
    }),
  );
}

function columnsOf({ isTTY, columns }: NodeJS.WriteStream): { columns?: number } {
  return isTTY ? { columns } : {};
}
