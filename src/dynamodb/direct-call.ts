import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

/** What DynamoDB answered. */
export interface RawAnswer {
  readonly statusCode: number;
  readonly text: string;
}

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
  readonly path: string;
}

/** What does not change from call to call; made on the first and kept. */
interface Route {
  readonly address: Address;
  readonly host: string;
  readonly signer: Signer;
}

const API = "DynamoDB_20120810";

/**
 * Sends calls through a client's own credentials, signer and connections, but past its middleware.
 *
 * The middleware of one call costs the client three to six times what signing and sending it do. What comes back is as
 * DynamoDB wrote it; `undefined` stands for every kind of trouble on the way. Whoever calls reads the answers of a
 * healthy table only, and for any other, be it a throttle, an outage, expired credentials or a clock that is wrong, sends
 * the same call the client's usual way, which knows what to do about it: so a call has to be one that may be sent twice.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
 */
export function createDirectCaller(
  client: DynamoDBClient,
): (operation: string, input: object) => Promise<RawAnswer | undefined> {
  let route: Promise<Route> | undefined;
  return async (operation, input) => {
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
      const request = { method: "POST", query: {}, headers, body, ...address };
      const signingDate = new Date(Date.now() + client.config.systemClockOffset);
      const signed = await signer.sign(request, { signingDate });
      const { response } = (await client.config.requestHandler.handle(signed)) as {
        response: HttpAnswer;
      };
      return { statusCode: response.statusCode, text: await textOf(response.body) };
    } catch {
      // Whatever it was, the client will meet it again and tell it in its own words.
      route = undefined;
      return undefined;
    }
  };
}

async function findRoute(config: Config): Promise<Route> {
  const { protocol, hostname, port, path } = await findAddress(config);
  const host = port === undefined ? hostname : `${hostname}:${port}`;
  const signer = await config.signer();
  const address = { protocol, hostname, path: path.replace(/\/*$/, "/") };
  return { address: port === undefined ? address : { ...address, port }, host, signer };
}

/** The client's own order: what it was given, then what the environment or a profile names, then AWS's. */
async function findAddress(config: Config): Promise<Address> {
  if (config.endpoint) return config.endpoint();
  const configured = config.ignoreConfiguredEndpointUrls
    ? undefined
    : await config.serviceConfiguredEndpoint?.();
  if (configured) return addressOf(new URL(configured));
  const { url } = config.endpointProvider({
    Region: await config.region(),
    UseDualStack: await config.useDualstackEndpoint(),
    UseFIPS: await config.useFipsEndpoint(),
  });
  return addressOf(url);
}

function addressOf({ protocol, hostname, port, pathname }: URL): Address {
  return { protocol, hostname, path: pathname, ...(port !== "" && { port: Number(port) }) };
}

/** The client of a stream of bytes gives chunks; anything else is not an answer of DynamoDB's. */
async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** DynamoDB's JSON carries binary as base64. */
function binaryAsBase64(this: Record<string, unknown>, name: string, value: unknown): unknown {
  // A Buffer has turned itself into something else by now; the value it was stands in its holder.
  const original = this[name];
  return original instanceof Uint8Array ? Buffer.from(original).toString("base64") : value;
}
