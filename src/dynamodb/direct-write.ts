import type {
  DeleteItemCommandInput,
  DynamoDBClient,
  PutItemCommandInput,
} from "@aws-sdk/client-dynamodb";

import type { WireItem } from "../change/attribute-value.js";

/** A conditional write of one item, by the name of its operation. */
export type ItemWrite =
  | { readonly operation: "PutItem"; readonly input: PutItemCommandInput }
  | { readonly operation: "DeleteItem"; readonly input: DeleteItemCommandInput };

/** What became of a write; `unclear` is whatever else there is, and for the client itself to try again and to tell. */
export type DirectAnswer =
  | { readonly type: "written" }
  | { readonly type: "condition-failed"; readonly item?: WireItem }
  | { readonly type: "unclear" };

type Config = DynamoDBClient["config"];
type Signer = Awaited<ReturnType<Config["signer"]>>;

/** What the client's connections answer with. */
interface HttpAnswer {
  readonly statusCode: number;
  readonly body: AsyncIterable<Uint8Array>;
}

interface Address {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
}

/** What does not change from write to write; made on the first and kept. */
interface Route {
  readonly address: Address;
  readonly host: string;
  readonly signer: Signer;
}

const API = "DynamoDB_20120810";
const CONDITION_FAILED = /#ConditionalCheckFailedException$/;

/**
 * Sends writes through a client's own credentials, signer and connections, but past its middleware.
 *
 * The middleware of one call costs the client three to six times what signing and sending it do, and a pipeline makes
 * one call a row. Only the two answers that a healthy table gives are read here. Anything else, be it a throttle, an
 * outage, expired credentials or a clock that is wrong, is `unclear`: the same write then goes the client's usual way,
 * which knows what to do about it. Writing twice is safe where the write carries its condition (rule V2).
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
 */
export function createDirectWriter(
  client: DynamoDBClient,
): (write: ItemWrite) => Promise<DirectAnswer> {
  let route: Promise<Route> | undefined;
  return async ({ operation, input }) => {
    try {
      route ??= findRoute(client.config);
      const { address, host, signer } = await route;
      const body = JSON.stringify(input, binaryAsBase64);
      const headers = {
        host,
        "content-type": "application/x-amz-json-1.0",
        "content-length": String(Buffer.byteLength(body)),
        "x-amz-target": `${API}.${operation}`,
      };
      const request = { method: "POST", path: "/", query: {}, headers, body, ...address };
      const signingDate = new Date(Date.now() + client.config.systemClockOffset);
      const signed = await signer.sign(request, { signingDate });
      const { response } = (await client.config.requestHandler.handle(signed)) as {
        response: HttpAnswer;
      };
      return answerOf(response.statusCode, await textOf(response.body));
    } catch {
      // Whatever it was, the client will meet it again and tell it in its own words.
      route = undefined;
      return { type: "unclear" };
    }
  };
}

async function findRoute(config: Config): Promise<Route> {
  const address = config.endpoint ? await config.endpoint() : await defaultAddress(config);
  const { protocol, hostname, port } = address;
  const host = port === undefined ? hostname : `${hostname}:${port}`;
  const signer = await config.signer();
  return { address: { protocol, hostname, ...(port !== undefined && { port }) }, host, signer };
}

async function defaultAddress(config: Config): Promise<Address> {
  const { url } = config.endpointProvider({
    Region: await config.region(),
    UseDualStack: await config.useDualstackEndpoint(),
    UseFIPS: await config.useFipsEndpoint(),
  });
  return {
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port !== "" && { port: Number(url.port) }),
  };
}

/** The client of a stream of bytes gives chunks; anything else is not an answer of DynamoDB's. */
async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function answerOf(statusCode: number, text: string): DirectAnswer {
  if (statusCode === 200) return { type: "written" };
  if (statusCode !== 400) return { type: "unclear" };
  const { __type, Item } = JSON.parse(text) as { __type?: string; Item?: WireItem };
  if (!CONDITION_FAILED.test(__type ?? "")) return { type: "unclear" };
  return { type: "condition-failed", ...(Item && { item: Item }) };
}

/** DynamoDB's JSON carries binary as base64. */
function binaryAsBase64(this: Record<string, unknown>, name: string, value: unknown): unknown {
  // A Buffer has turned itself into something else by now; the value it was stands in its holder.
  const original = this[name];
  return original instanceof Uint8Array ? Buffer.from(original).toString("base64") : value;
}
