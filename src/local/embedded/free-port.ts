import { createConnection, createServer } from "node:net";

import { MillraceError } from "../../errors.js";

const HOST = "127.0.0.1";

/** A TCP port on the loopback interface that nobody listens on. */
export async function freePort(): Promise<number> {
  return bind(0);
}

/**
 * Makes sure that a server can listen on a port.
 *
 * @throws `configuration` naming the server, the port and the remedy.
 */
export async function requireFreePort(name: string, port: number): Promise<void> {
  const trouble = await troubleWith(port);
  if (trouble === undefined) return;
  throw new MillraceError(
    "configuration",
    `port ${port} ${trouble.is}, so ${name} cannot listen on it; ${trouble.remedy}`,
  );
}

async function troubleWith(port: number): Promise<{ is: string; remedy: string } | undefined> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    return { is: "does not exist", remedy: "give a whole number from 1 to 65535" };
  const taken = {
    is: "is taken",
    remedy: `stop what does (lsof -i :${port}), or give another port`,
  };
  // macOS lets two servers share a port if one of them listens on all interfaces, so binding alone does not tell.
  if (await isAnswering(port)) return taken;
  try {
    await bind(port);
    return undefined;
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") return taken;
    return code === "EACCES"
      ? { is: "is for root only", remedy: "give one above 1023" }
      : { is: `is of no use (${message})`, remedy: "give another port" };
  }
}

/** Whether anybody accepts connections on a port of the loopback interface. */
export function isAnswering(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = createConnection(port, HOST);
    const finish = (answering: boolean) => {
      socket.destroy();
      answer(answering);
    };
    socket.once("connect", () => finish(true));
    socket.once("error", () => finish(false));
  });
}

function bind(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, HOST, () => {
      const address = server.address();
      const given = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolve(given));
    });
  });
}
