/** A process that starts both servers, says where, and goes on until it is ended: what a test ends in every way. */
import { startDynamoDbLocal } from "../../../src/local/embedded/dynamodb-local.js";
import { startRedisServer } from "../../../src/local/embedded/redis-server.js";

/** What it prints, as one line of JSON. */
export interface OwnedServers {
  readonly dynamodb: { readonly pid: number; readonly port: number };
  readonly redis: { readonly pid: number; readonly port: number };
}

const [dynamodb, redis] = await Promise.all([
  startDynamoDbLocal({ environment: process.env }),
  startRedisServer(),
]);
if (process.argv.includes("--stop-on-interrupt")) {
  const died = (which: string) => process.stdout.write(`${which} died first\n`);
  void dynamodb.died.then(died);
  void redis.died.then(died);
  process.once("SIGINT", () => {
    // Time for servers that Ctrl-C reached, too, to be gone before they are stopped.
    setTimeout(() => {
      void Promise.all([dynamodb.stop(), redis.stop()]).then(() => process.exit(0));
    }, 500);
  });
}
const owned: OwnedServers = {
  dynamodb: { pid: dynamodb.pid, port: dynamodb.port },
  redis: { pid: redis.pid, port: redis.port },
};
process.stdout.write(`${JSON.stringify(owned)}\n`);
