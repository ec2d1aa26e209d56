import { type AttributeValue, type DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";

/** What of an HTTP answer tells who gave it. */
interface Answer {
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Makes a client hold DynamoDB Local's answer to a transaction until what it answers for is on the disk.
 *
 * DynamoDB answers when it has committed. DynamoDB Local answers a transaction just before, and has forgotten the last
 * one if it is killed at that moment; every other write, as was found by killing it, stands behind that commit and is
 * there once it is answered. So one small write follows, shared by all transactions that wait for one. If it fails,
 * the transaction does, as one does whose answer is lost: whoever sent it looks at what became of it.
 *
 * @param write what the small write is, an item that nobody reads.
 */
export function awaitCommits(
  client: DynamoDBClient,
  write: { readonly table: string; readonly item: Record<string, AttributeValue> },
): void {
  const settle = shared(() =>
    client.send(new PutItemCommand({ TableName: write.table, Item: write.item })),
  );
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      if (context["commandName"] === "TransactWriteItemsCommand" && isLocal(result.response))
        await settle();
      return result;
    },
    { step: "initialize", name: "millraceAwaitCommits" },
  );
}

function isLocal(response: unknown): boolean {
  const { headers } = response as Answer;
  return headers?.["server"]?.startsWith("Jetty") ?? false;
}

/** One call of `act` for all who ask before it begins; those who ask later get the next. */
function shared(act: () => Promise<unknown>): () => Promise<unknown> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<unknown> | undefined;
  return () =>
    (next ??= running.then(() => {
      next = undefined;
      const acting = act();
      running = acting.catch(() => undefined);
      return acting;
    }));
}
