import { createRequire } from "node:module";

/** The plugin of `serverless-offline` that polls DynamoDB streams; not a dependency, and measured where it is installed. */
export const OFFLINE_PLUGIN = "serverless-offline-dynamodb-streams";

interface OfflineStreams {
  create(events: readonly object[]): Promise<unknown>;
  start(): void;
  stop(): void;
}

/** The plugin's own class, as it makes it for `serverless offline`. */
export type OfflinePlugin = new (lambda: object, options: object, log: object) => OfflineStreams;

/** Finds the plugin among the installed packages. */
export function findOfflinePlugin(): OfflinePlugin | undefined {
  const require = createRequire(import.meta.url);
  try {
    return require(`${OFFLINE_PLUGIN}/src/dynamodb-streams.js`) as OfflinePlugin;
  } catch {
    return undefined;
  }
}

/** Starts the plugin on one table, with one function that does nothing but tell that it was called. */
export async function startOfflinePlugin(
  Plugin: OfflinePlugin,
  options: {
    readonly endpoint: string;
    readonly table: { readonly name: string };
  },
  onCall: () => void,
): Promise<{ stop(): Promise<void> }> {
  const lambda = { get: () => ({ setEvent: () => undefined, runHandler: async () => onCall() }) };
  const silent = { warning: () => undefined, notice: () => undefined, debug: () => undefined };
  const streams = new Plugin(
    lambda,
    { endpoint: options.endpoint, region: "us-east-1", accountId: "000000000000" },
    silent,
  );
  const dynamodbStreams = { tableName: options.table.name, startingPosition: "TRIM_HORIZON" };
  await streams.create([{ functionKey: "bench", dynamodbStreams }]);
  streams.start();
  return { stop: async () => streams.stop() };
}
