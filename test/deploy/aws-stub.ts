import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** What stands in a function's environment where S3 and SQS would be: keeps objects, and hands on messages. */
export interface AwsStub {
  /** Endpoint of both services. */
  readonly url: string;
  /** Address of the queue there is. */
  readonly queueUrl: string;
  /** Objects by `bucket/key`. */
  readonly objects: Map<string, string>;
  /** Bodies of messages that were sent and not yet taken out. */
  readonly messages: string[];
  close(): void;
}

interface Entries {
  readonly QueueUrl: string;
  readonly Entries: readonly { readonly Id: string; readonly MessageBody: string }[];
}

/** Listens on a free port; answers reading of objects and sending of messages, and refuses all else. */
export async function startAwsStub(): Promise<AwsStub> {
  const objects = new Map<string, string>();
  const messages: string[] = [];

  /** The SDK compares the digests. */
  function send({ Entries }: Entries) {
    const Successful = Entries.map(({ Id, MessageBody }) => {
      messages.push(MessageBody);
      const MD5OfMessageBody = createHash("md5").update(MessageBody).digest("hex");
      return { Id, MessageId: randomUUID(), MD5OfMessageBody };
    });
    return { Successful, Failed: [] };
  }

  const server = createServer((asked, answer) => {
    void text(asked).then((body) => {
      const path = decodeURIComponent(new URL(asked.url ?? "/", "http://s3").pathname.slice(1));
      const object = asked.method === "GET" ? objects.get(path) : undefined;
      if (object !== undefined) return answer.writeHead(200).end(object);
      if (asked.headers["x-amz-target"] !== "AmazonSQS.SendMessageBatch")
        return answer.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
      const type = { "Content-Type": "application/x-amz-json-1.0" };
      return answer.writeHead(200, type).end(JSON.stringify(send(JSON.parse(body) as Entries)));
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    queueUrl: `${url}/123456789012/backfill`,
    objects,
    messages,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
