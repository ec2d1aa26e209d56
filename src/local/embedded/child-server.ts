import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";

import { MillraceError } from "../../errors.js";

/** A server started as a child process; it ends with us, however we end. */
export interface ChildServer {
  readonly port: number;
  readonly pid: number;
  /** Resolves with the reason when the server ends without having been stopped. */
  readonly died: Promise<string>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What {@link startChildServer} takes. */
export interface ChildServerOptions {
  /** What a person calls the server. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly cwd?: string;
  /** Whether the server answers by now; may reject while it does not. */
  readonly isReady: () => Promise<boolean>;
}

const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 50;
const STOP_TIMEOUT_MS = 5_000;
const TAIL_LINES = 6;

/*
 * The server runs under a shell that waits for its own standard input to end and then kills it. The kernel closes our
 * end of that pipe whenever we end, kill -9 included, so no server outlives its owner.
 */
const WATCHDOG =
  'exec 3<&0; "$@" </dev/null 3<&- & child=$!; (read -r _ <&3; kill -9 $child) 2>/dev/null & wait $child';

/**
 * Starts a server and waits until it answers.
 *
 * @throws `unavailable` with the end of the server's own output when it ends early or does not answer in time.
 */
export async function startChildServer(options: ChildServerOptions): Promise<ChildServer> {
  const { name, command, args, port, cwd } = options;
  const child = spawn("sh", ["-c", WATCHDOG, "sh", command, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    ...(cwd !== undefined && { cwd }),
  });
  // Writing to a watchdog that is gone is of no interest: it is how a server that died looks from here.
  child.stdin.on("error", () => undefined);
  const tail = keepTail(child);
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  let stopping = false;
  const stop = async () => {
    stopping = true;
    child.stdin.end();
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  };
  try {
    await waitUntilReady(options, ended);
  } catch (cause) {
    await stop();
    throw new MillraceError(
      "unavailable",
      `${name} on port ${port}: ${(cause as Error).message}${tail()}`,
      { cause },
    );
  }
  child.unref();
  const died = ended.then((reason) =>
    stopping ? new Promise<string>(() => undefined) : `${name}: ${reason}${tail()}`,
  );
  return { port, pid: child.pid ?? 0, died, stop, [Symbol.asyncDispose]: stop };
}

async function waitUntilReady(
  { isReady }: ChildServerOptions,
  ended: Promise<string>,
): Promise<void> {
  let reason: string | undefined;
  void ended.then((why) => (reason = why));
  const giveUpAtMs = Date.now() + READY_TIMEOUT_MS;
  while (!(await isReady().catch(() => false))) {
    if (reason !== undefined) throw new Error(`it ended before it answered (${reason})`);
    if (Date.now() > giveUpAtMs)
      throw new Error(`it did not answer within ${READY_TIMEOUT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
}

/** Keeps the last lines a child writes; what explains why it would not start. */
function keepTail(child: ChildProcess): () => string {
  let lines: string[] = [];
  const keep = (chunk: Buffer) => {
    lines = [...lines, ...chunk.toString().split("\n")]
      .filter((line) => line.trim() !== "")
      .slice(-TAIL_LINES);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  return () => (lines.length === 0 ? "" : `; it said:\n    ${lines.join("\n    ")}`);
}

/** A TCP port on the loopback interface that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = await listen(0);
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address === "object" && address !== null) return address.port;
  throw new MillraceError("unavailable", "the system gave no free port on 127.0.0.1");
}

/**
 * Makes sure that nobody listens on a port.
 *
 * @throws `configuration` naming the server, the port and the remedy.
 */
export async function requireFreePort(name: string, port: number): Promise<void> {
  try {
    const server = await listen(port);
    await new Promise((resolve) => server.close(resolve));
  } catch (cause) {
    throw new MillraceError(
      "configuration",
      `port ${port} is taken, so ${name} cannot listen on it; stop what does (lsof -i :${port}), or give another port`,
      { cause },
    );
  }
}

function listen(port: number) {
  return new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
