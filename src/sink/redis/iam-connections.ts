import { connect as connectPlain, Socket } from "node:net";
import { connect as connectTls } from "node:tls";

import { AbstractConnector, Cluster, type RedisOptions } from "ioredis";

import type { RedisClient } from "./send-scripts.js";

/** What connections that show a token are made with. */
export interface IamConnections {
  /** To be among the options of a client, or of a cluster's nodes. */
  readonly options: Pick<RedisOptions, "username" | "password" | "Connector">;
  /** Shows the server a new token on every connection of a client from time to time, as long as the client lives. */
  keepAlive(redis: RedisClient): void;
}

/** ElastiCache ends a connection 12 hours after it was last shown a token. */
const RENEWAL_MS = 6 * 60 * 60 * 1000;

/**
 * Makes connections that show a token instead of a password, a new one each.
 *
 * A token is good for minutes and a password is an option of the client, for good. But the client makes text of it only
 * when it sends it, so the password given is an object whose text changes; and it takes its socket from a connector, so
 * that there a token is signed before each. A connector that gave an error would end the client: where no token is to
 * be had, it gives a socket that is closed already, which the client deals with as with any other.
 *
 * @param sign makes a new token; asked once for each connection.
 */
export function iamConnections(
  user: string,
  sign: () => Promise<string>,
  renewalMs = RENEWAL_MS,
): IamConnections {
  let token = "";
  const renew = async () => (token = await sign());

  class IamConnector extends AbstractConnector {
    constructor(private readonly options: RedisOptions) {
      super(options.disconnectTimeout ?? 2_000);
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      const { host = "127.0.0.1", port = 6379, tls } = this.options;
      try {
        await renew();
      } catch (thrown) {
        this.firstError = thrown as Error;
        return closedSocket();
      }
      if (!this.connecting) return closedSocket();
      const socket = tls ? connectTls({ host, port, ...tls }) : connectPlain({ host, port });
      socket.once("error", (error: Error) => {
        this.firstError = error;
      });
      this.stream = socket;
      return socket;
    }
  }

  return {
    options: {
      username: user,
      password: { toString: () => token } as unknown as string,
      Connector: IamConnector as unknown as NonNullable<RedisOptions["Connector"]>,
    },
    keepAlive(redis) {
      const timer = setInterval(() => {
        void renew()
          .then(() => authenticateAll(redis, user, token))
          // The connection that it was for ends some time, and the next one shows a token of its own.
          .catch(() => undefined);
      }, renewalMs);
      timer.unref();
      redis.once("end", () => clearInterval(timer));
    },
  };
}

function closedSocket(): Socket {
  const socket = new Socket();
  socket.destroy();
  return socket;
}

async function authenticateAll(redis: RedisClient, user: string, token: string): Promise<void> {
  const nodes = redis instanceof Cluster ? redis.nodes("all") : [redis];
  const connected = nodes.filter(({ status }) => status === "ready");
  await Promise.all(connected.map((node) => node.auth(user, token)));
}
