import pc from "picocolors";

import { openQuarantine } from "../../compose-redrive.js";
import { readConfig } from "../../config.js";
import { ANY_VIEW, type QuarantineEntry } from "../../state/quarantine.js";
import { formatEntry, formatGroups, itemsOf } from "../quarantine/format-quarantine.js";
import { groupSummaries, type QuarantineGroup } from "../quarantine/group-summaries.js";
import { typedItemKey } from "../quarantine/item-key.js";
import { nameLocalAccount } from "../services.js";

/** What `millrace quarantine` takes. */
export interface QuarantineOptions {
  readonly json?: boolean;
}

const DEFAULT_WIDTH = 100;

/** Lists what is in quarantine, of one view or of all, by view and error. */
export async function quarantineList(
  view: string | undefined,
  options: QuarantineOptions,
): Promise<void> {
  const groups = await groupSummaries(open().summaries(view));
  if (options.json) {
    console.log(JSON.stringify({ ok: groups.length === 0, groups: groups.map(asJson) }));
    return;
  }
  if (groups.length === 0) {
    console.log(`${pc.green("nothing")} in quarantine${view === undefined ? "" : ` of ${view}`}`);
    return;
  }
  console.log(formatGroups(groups, process.stdout.columns || DEFAULT_WIDTH));
  const items = groups.reduce((sum, group) => sum + group.items, 0);
  console.log(`\n${itemsOf(items)}; millrace quarantine show <view> <key> tells all of one`);
}

/**
 * Shows everything that is in quarantine of one item in one view.
 *
 * @returns whether there is anything.
 */
export async function quarantineShow(
  view: string,
  typed: string,
  options: QuarantineOptions,
): Promise<boolean> {
  const itemKey = view === ANY_VIEW ? typed : typedItemKey(typed);
  const held = await open().entriesOf({ view, itemKey });
  const entries: readonly QuarantineEntry[] = held.map(({ entry }) => entry);
  if (options.json) console.log(JSON.stringify({ ok: entries.length > 0, entries }));
  else if (entries.length > 0) console.log(entries.map(formatEntry).join("\n\n"));
  else console.log(`nothing of item ${itemKey} is in quarantine of ${view}`);
  return entries.length > 0;
}

function open() {
  const config = readConfig();
  if (config.dynamodbEndpoint !== undefined) nameLocalAccount();
  return openQuarantine(config);
}

function asJson({ firstAtMs, lastAtMs, ...group }: QuarantineGroup) {
  const [first, last] = [firstAtMs, lastAtMs].map((ms) => new Date(ms).toISOString());
  return { ...group, first, last };
}
