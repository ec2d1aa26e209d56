import { type ChildProcess, spawn } from "node:child_process";

import { messageOf, MillraceError } from "../../errors.js";
import { requireUnusedFolder, writeOwner } from "./data-folder.js";
import { freePort, requireFreePort } from "./free-port.js";

/** A server started as a child process; it ends with us, however we end. */
export interface ChildServer {
  readonly port: number;
  /** Of the server itself. */
  readonly pid: number;
  /** Resolves with the reason when the server ends without having been stopped. */
  readonly died: Promise<string>;
  /** Resolves once the server is gone; it may be called again. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What {@link startChildServer} takes. */
export interface ChildServerOptions {
  /** What a person calls the server. */
  readonly name: string;
  readonly command: string;
  readonly args: (port: number) => readonly string[];
  /** A free one where none, or 0, is given. */
  readonly port: number | undefined;
  /** Folder of the server's files; no other server may be using it. */
  readonly dataDirectory: string | undefined;
  readonly cwd?: string;
  /** Whether the server answers by now; may reject while it does not. */
  readonly isReady: (port: number) => Promise<boolean>;
}

const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 50;
const STOP_TIMEOUT_MS = 5_000;
const TAIL_LINES = 6;
const TAIL_CHARACTERS = 4_000;

/*
 * The shell leaves a watchdog behind and becomes the server, under the same process id. The watchdog waits for its
 * standard input to end and then kills the server. The kernel closes our end of that pipe whenever we end, kill -9
 * included, so no server outlives its owner; Node closes it when the server ends, so no watchdog outlives its server.
 */
const WATCHDOG =
  'exec 3<&0; (read -r _ <&3; kill -9 $$) >/dev/null 2>&1 & exec "$@" </dev/null 3<&-';

/**
 * Starts a server and waits until it answers.
 *
 * @throws `configuration` when the port is taken or the folder is in use;
 * `unavailable` with the end of the server's own output when it ends early or does not answer in time.
 */
export async function startChildServer(options: ChildServerOptions): Promise<ChildServer> {
  const { name, command, args, cwd, dataDirectory } = options;
  if (options.port) await requireFreePort(name, options.port);
  if (dataDirectory !== undefined) await requireUnusedFolder(name, dataDirectory);
  const port = options.port || (await freePort());
  const child = spawn("sh", ["-c", WATCHDOG, "sh", command, ...args(port)], {
    stdio: ["pipe", "pipe", "pipe"],
    // A session of its own: Ctrl-C is for us, and we stop the server when we no longer need it.
    detached: true,
    ...(cwd !== undefined && { cwd }),
  });
  // Writing to a watchdog that is gone is of no interest: it is how a server that died looks from here.
  child.stdin.on("error", () => undefined);
  const tail = keepTail(child);
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    // Not "exit": only now has all been read of what the server said.
    child.once("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  let stopping = false;
  const stop = async () => {
    stopping = true;
    child.kill("SIGTERM");
    // The end of its input makes the watchdog kill, and it is the way that works even for a server that hangs.
    const timer = setTimeout(() => child.stdin.end(), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  };
  try {
    await waitUntilReady(() => options.isReady(port), ended);
    if (dataDirectory !== undefined) writeOwner(dataDirectory, { pid: child.pid ?? 0, port });
  } catch (cause) {
    await stop();
    throw new MillraceError(
      "unavailable",
      `${name} on port ${port}: ${messageOf(cause)}${tail()}`,
      { cause },
    );
  }
  const died = ended.then((reason) =>
    stopping ? new Promise<string>(() => undefined) : `${name}: ${reason}${tail()}`,
  );
  return { port, pid: child.pid ?? 0, died, stop, [Symbol.asyncDispose]: stop };
}

async function waitUntilReady(
  isReady: () => Promise<boolean>,
  ended: Promise<string>,
): Promise<void> {
  let reason: string | undefined;
  void ended.then((why) => (reason = why));
  const giveUpAtMs = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const ready = await isReady().catch(() => false);
    // Asked first: what answers may be somebody else's, if ours ended because its port was taken.
    if (reason !== undefined) throw new Error(`it ended before it answered (${reason})`);
    if (ready) return;
    if (Date.now() > giveUpAtMs)
      throw new Error(`it did not answer within ${READY_TIMEOUT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
}

/** Keeps the last lines a child writes; what explains why it would not start. */
function keepTail(child: ChildProcess): () => string {
  let text = "";
  const keep = (chunk: Buffer) => (text = (text + chunk.toString()).slice(-TAIL_CHARACTERS));
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  return () => {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return lines.length === 0 ? "" : `; it said:\n    ${lines.slice(-TAIL_LINES).join("\n    ")}`;
  };
}
