import { rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import pc from "picocolors";

import { dynamoDbClient, dynamoDbStreamsClient } from "../../compose.js";
import { createFileCheckpoints } from "../../local/event-source-mapping/checkpoint-store.js";
import type { EventSourceMapping } from "../../local/event-source-mapping/create-event-source-mapping.js";
import { readServerlessConfig } from "../serverless/read-serverless-config.js";
import { createTables, runFunctions } from "../serverless/run-functions.js";
import {
  resourcesOf,
  type StreamFunction,
  streamFunctions,
} from "../serverless/stream-functions.js";
import { openServices } from "../services.js";
import { untilStopped } from "../until-stopped.js";
import { batchLine, type DevOptions } from "./dev.js";

/** Calls the functions of a serverless.yml with the changes of the tables they follow, until it is stopped. */
export async function devFunctions(options: DevOptions, config: string): Promise<void> {
  const print = options.quiet ? () => undefined : (line: string) => console.log(line);
  const read = await readServerlessConfig(config, options.stage);
  const functions = streamFunctions(read);
  const services = await openServices({
    ...(!options.inMemory && { dataDirectory: options.data }),
    ...(options.dynamodbPort && { dynamodbPort: options.dynamodbPort }),
    needsRedis: false,
  });
  const client = dynamoDbClient(services.config);
  const streams = dynamoDbStreamsClient(services.config);
  let mappings: readonly EventSourceMapping[] = [];
  try {
    const created = await createTables(client, resourcesOf(read));
    const failures = join(options.data, "failures");
    mappings = await runFunctions(functions, {
      ...{ client, streams, failures },
      directory: dirname(resolve(config)),
      checkpoints: createFileCheckpoints(join(options.data, "checkpoints.json")),
    });
    const lines = created.length > 0 ? [`Created   ${created.join(", ")}`] : [];
    for (const line of [...services.lines, ...lines, ...functionLines(functions)]) print(line);
    for (const mapping of mappings) follow(mapping, print);
    if (options.readyFile !== undefined) writeFileSync(options.readyFile, `${process.pid}\n`);
    print(pc.dim(`write to a table; what is given up is told in ${failures}; Ctrl-C stops`));
    await Promise.race([untilStopped(), services.died]);
  } finally {
    if (options.readyFile !== undefined) rmSync(options.readyFile, { force: true });
    await Promise.all(mappings.map((mapping) => mapping.stop()));
    client.destroy();
    streams.destroy();
    await services.stop();
  }
}

function functionLines(functions: readonly StreamFunction[]): string[] {
  if (functions.length === 0) return [pc.yellow("no function follows a table's stream")];
  const lines = functions.flatMap(({ name, mappings }) =>
    mappings.map(({ table, request }) => {
      return `  ${table} > ${name}${request.Enabled === false ? " (disabled)" : ""}`;
    }),
  );
  return ["Functions", ...lines];
}

function follow(mapping: EventSourceMapping, print: (line: string) => void): void {
  const table = mapping.streamArn.split("/")[1] ?? "";
  const label = `${table} > ${mapping.functionName}`;
  mapping.events.on("invoked", (event) => {
    print(batchLine(label, event));
    if (event.error instanceof Error) console.error(pc.red(event.error.stack ?? ""));
  });
  mapping.events.on("discarded", ({ records, condition }) => {
    console.error(pc.red(`${label}: ${records.length} records given up, ${condition}`));
  });
  mapping.events.on("warning", ({ message }) => console.error(pc.yellow(`${label}: ${message}`)));
}
