import { dropIn, switchIn } from "../../compose-evolve.js";
import { collectDeclarations } from "../../view/declarations.js";
import { viewName } from "../../view/view-name.js";
import { loadPipeline } from "../load-project.js";
import { reachDynamoDb } from "../services.js";

/** What `millrace switch` takes. */
export interface SwitchVersionOptions {
  readonly pipeline: string;
  readonly to?: number;
  readonly anyway?: boolean;
  readonly json?: boolean;
}

/** Switches readers to another version of a view, and says so. */
export async function switchTo(view: string, options: SwitchVersionOptions): Promise<void> {
  const { pipeline, to, anyway = false, json } = options;
  const { exports } = await loadPipeline(process.cwd(), pipeline);
  const { views } = collectDeclarations(exports);
  const config = await reachDynamoDb();
  const done = await switchIn(config, { views, view, anyway, ...(to !== undefined && { to }) });
  console.log(
    json
      ? JSON.stringify(done)
      : `${view}: readers read version ${done.to} from now on, version ${done.from} no more\nback: npx millrace switch ${view} --to ${done.from}`,
  );
}

/** What `millrace drop` takes. */
export interface DropVersionOptions {
  readonly pipeline: string;
  readonly version: number;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Drops a version of a view that is neither read nor declared; without `yes`, only says what would go. */
export async function drop(view: string, options: DropVersionOptions): Promise<void> {
  const { pipeline, version, yes = false, json } = options;
  const { exports } = await loadPipeline(process.cwd(), pipeline);
  const { views } = collectDeclarations(exports);
  const holdings = await dropIn(await reachDynamoDb(), views, { view, version }, yes);
  if (json) return console.log(JSON.stringify({ view, version, dropped: yes, ...holdings }));
  const { tables, keyPrefix } = holdings;
  const what =
    keyPrefix === undefined ? `table ${tables.join(", ")}` : `keys ${keyPrefix}* in Redis`;
  console.log(
    yes
      ? `${viewName({ view, version })}: deleted ${what}`
      : `${viewName({ view, version })}: would delete ${what}; --yes does it`,
  );
}
