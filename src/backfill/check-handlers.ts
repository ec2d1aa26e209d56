import {
  type EventSourceMappingConfiguration,
  LambdaClient,
  paginateListEventSourceMappings,
} from "@aws-sdk/client-lambda";

import { configurationError, messageOf, MillraceError } from "../errors.js";
import type { InspectedSource } from "./inspect-tables.js";

/** A table whose stream somebody has to follow while it is backfilled. */
type FollowedSource = Pick<InspectedSource, "table" | "streamArn">;

/** What AWS says of the functions that follow a source. */
export interface HandlersReport {
  /** Names of the functions that are called for its stream. */
  readonly functions: readonly string[];
  /** What somebody should know, though the backfill may begin. */
  readonly warnings: readonly string[];
}

/** States in which a mapping delivers. Source: Lambda API reference, EventSourceMappingConfiguration, State. */
const DELIVERING = new Set(["Enabled", "Updating"]);

/** Names of the error of somebody who may not list mappings. */
const NOT_ALLOWED = new Set(["AccessDeniedException", "AccessDenied"]);

/**
 * Asks AWS whether a function is called for the stream of a source, without which changes made meanwhile would be lost.
 *
 * Mappings that are off, or whose last batch failed, are told beside; so is that nobody may ask.
 *
 * @throws `configuration` where no mapping of the stream is on, and `unavailable` where Lambda does not answer.
 * Source: Lambda API reference, ListEventSourceMappings.
 */
export async function checkHandlers(
  client: LambdaClient,
  { table, streamArn }: FollowedSource,
): Promise<HandlersReport> {
  const mappings = await listMappings(client, streamArn);
  if (mappings === undefined) return { functions: [], warnings: [notAllowed(table)] };
  const on = mappings.filter(({ State = "" }) => DELIVERING.has(State));
  const off = mappings.filter((mapping) => !on.includes(mapping)).map(offText);
  if (on.length === 0)
    throw configurationError("backfill", [
      `no function is called for the stream of table "${table}" (${off.join("; ") || "it has no event source mapping"}), so that changes made meanwhile would be lost; deploy, or enable the mapping (aws lambda update-event-source-mapping --enabled --uuid …), or give --handlers-elsewhere where something else follows the stream`,
    ]);
  const failing = on.flatMap((mapping) => {
    const { LastProcessingResult: result = "" } = mapping;
    return result.startsWith("PROBLEM") ? [`${functionOf(mapping)} last ended with ${result}`] : [];
  });
  const warnings = [...off, ...failing].map((text) => `stream of table "${table}": ${text}`);
  return { functions: [...new Set(on.map(functionOf))].sort(), warnings };
}

/** {@link checkHandlers} by the environment's own region and credentials. */
export async function askLambda(source: FollowedSource): Promise<HandlersReport> {
  const client = new LambdaClient({ maxAttempts: 5 });
  try {
    return await checkHandlers(client, source);
  } finally {
    client.destroy();
  }
}

/** All mappings of a stream, or nothing where the caller may not list them. */
async function listMappings(
  client: LambdaClient,
  EventSourceArn: string,
): Promise<readonly EventSourceMappingConfiguration[] | undefined> {
  try {
    const mappings: EventSourceMappingConfiguration[] = [];
    for await (const page of paginateListEventSourceMappings({ client }, { EventSourceArn }))
      mappings.push(...(page.EventSourceMappings ?? []));
    return mappings;
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : "";
    if (NOT_ALLOWED.has(name)) return undefined;
    throw new MillraceError(
      "unavailable",
      `Lambda did not say which functions follow ${EventSourceArn}: ${name || "error"}: ${messageOf(cause)}; try again, or give --handlers-elsewhere to begin without asking`,
      { cause },
    );
  }
}

function notAllowed(table: string): string {
  return `stream of table "${table}": not allowed to see whether a function is called for it (lambda:ListEventSourceMappings); if none is, changes made meanwhile are lost`;
}

function offText(mapping: EventSourceMappingConfiguration): string {
  const { UUID = "?", State = "in no state", StateTransitionReason: reason } = mapping;
  const why = reason === undefined ? "" : `, ${reason}`;
  return `the mapping ${UUID} of ${functionOf(mapping)} is ${State}${why}`;
}

/** The name in `arn:aws:lambda:region:account:function:name[:alias]`. */
function functionOf({ FunctionArn }: EventSourceMappingConfiguration): string {
  return FunctionArn?.split(":").slice(6).join(":") ?? "an unknown function";
}
