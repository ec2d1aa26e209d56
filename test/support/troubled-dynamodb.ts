import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A DynamoDB endpoint that has the troubles which DynamoDB Local never has. */
export interface TroubledDynamoDb {
  readonly endpoint: string;
  /** How often each trouble was made. */
  readonly made: Readonly<Record<Trouble, number>>;
  close(): void;
}

type Trouble = "conflict" | "throttle" | "answer lost";

/** Each so many calls of its kind, counted from the first. */
const EVERY: Readonly<Record<Trouble, number>> = { conflict: 4, throttle: 9, "answer lost": 7 };

/**
 * Stands before DynamoDB Local, and answers some transactions with a conflict beside other reasons, some writes with a
 * throttle, and some of both not at all although they were done.
 */
export async function startTroubledDynamoDb(
  behind: string,
  every: Readonly<Record<Trouble, number>> = EVERY,
): Promise<TroubledDynamoDb> {
  const made: Record<Trouble, number> = { conflict: 0, throttle: 0, "answer lost": 0 };
  const { hostname, port } = new URL(behind);
  let transactions = 0;
  let writes = 0;

  function troubleOf(operation: string): Trouble | undefined {
    if (operation === "TransactWriteItems") {
      transactions++;
      if (transactions % every.conflict === 0) return "conflict";
      return transactions % every["answer lost"] === 0 ? "answer lost" : undefined;
    }
    if (!/^(PutItem|DeleteItem|UpdateItem|BatchExecuteStatement)$/.test(operation))
      return undefined;
    writes++;
    if (writes % every.throttle === 0) return "throttle";
    return writes % every["answer lost"] === 0 ? "answer lost" : undefined;
  }

  function pass(
    asked: IncomingMessage,
    body: Buffer,
    answer: ServerResponse,
    isLost: boolean,
  ): void {
    const options = { hostname, port, method: "POST", headers: asked.headers };
    const forwarded = request(options, (reply) => {
      if (isLost) {
        reply.resume().on("end", () => answer.destroy());
        return;
      }
      answer.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(answer);
    });
    forwarded.on("error", () => answer.destroy());
    forwarded.end(body);
  }

  const server = createServer((asked, answer) => {
    const chunks: Buffer[] = [];
    asked.on("data", (chunk: Buffer) => chunks.push(chunk));
    asked.on("end", () => {
      const body = Buffer.concat(chunks);
      const trouble = troubleOf(String(asked.headers["x-amz-target"]).split(".")[1] ?? "");
      if (trouble) made[trouble]++;
      if (trouble === "conflict") refuse(answer, conflictOf(body));
      else if (trouble === "throttle")
        refuse(answer, { __type: `${TYPES}#ProvisionedThroughputExceededException` });
      else pass(asked, body, answer, trouble === "answer lost");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    made,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const TYPES = "com.amazonaws.dynamodb.v20120810";

/** A cancellation in which a failed condition stands beside the conflict: the conflict decides. */
function conflictOf(body: Buffer): object {
  const { TransactItems } = JSON.parse(body.toString("utf8")) as { TransactItems: unknown[] };
  const CancellationReasons = TransactItems.map((_, i) => ({
    Code: i === 0 ? "TransactionConflict" : i === 1 ? "ConditionalCheckFailed" : "None",
  }));
  return { __type: `${TYPES}#TransactionCanceledException`, CancellationReasons };
}

function refuse(answer: ServerResponse, body: object): void {
  answer.writeHead(400, { "content-type": "application/x-amz-json-1.0" });
  answer.end(JSON.stringify(body));
}
