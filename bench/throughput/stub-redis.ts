import { createServer } from "node:net";

import { serveCounts } from "./stub-counts.js";

/**
 * A Redis that answers every command at once; run as a process of its own.
 *
 * Understands just enough of the protocol to tell commands apart: arrays of bulk strings, as every client sends them.
 */
const counts = { commands: 0, bytes: 0 };

const REPLIES: Readonly<Record<string, string>> = {
  INFO: bulk("redis_version:7.0.0\r\nloading:0\r\n"),
  SET: "+OK\r\n",
  SCRIPT: bulk("0".repeat(40)),
};

/** One command carries many calls of a script; those of the views that are measured take an entry and its note. */
const KEYS_PER_CALL = 2;

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

/** The commands that are whole in what arrived, and how many bytes they took. */
function takeCommands(bytes: Buffer): { commands: string[][]; used: number } {
  const commands: string[][] = [];
  let used = 0;
  for (;;) {
    const command = takeCommand(bytes, used);
    if (!command) return { commands, used };
    commands.push(command.parts);
    used = command.end;
  }
}

function takeCommand(bytes: Buffer, start: number): { parts: string[]; end: number } | undefined {
  const parts: string[] = [];
  let [length, at] = takeLength(bytes, start);
  for (; at > 0 && length > 0; length--) {
    const [size, from] = takeLength(bytes, at);
    if (from < 0 || from + size + 2 > bytes.length) return undefined;
    parts.push(bytes.toString("latin1", from, from + size));
    at = from + size + 2;
  }
  return at < 0 ? undefined : { parts, end: at };
}

function replyTo([name = "", ...rest]: readonly string[]): string {
  const command = name.toUpperCase();
  if (command !== "EVAL" && command !== "EVALSHA") return REPLIES[command] ?? ":1\r\n";
  const calls = Number(rest[1]) / KEYS_PER_CALL;
  return `*${calls}\r\n${":1\r\n".repeat(calls)}`;
}

/** A length as `*3` or `$5` say it, and where what it measures begins; -1 where the line is not whole yet. */
function takeLength(bytes: Buffer, start: number): [length: number, next: number] {
  const end = bytes.indexOf(13, start);
  if (end < 0 || end + 2 > bytes.length) return [0, -1];
  let length = 0;
  for (let i = start + 1; i < end; i++) length = length * 10 + (bytes[i] ?? 48) - 48;
  return [length, end + 2];
}

const server = createServer((socket) => {
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const { commands, used } = takeCommands(bytes);
    rest = bytes.subarray(used);
    counts.commands += commands.length;
    counts.bytes += used;
    socket.write(commands.map(replyTo).join(""));
  });
  socket.on("error", () => undefined);
});
serveCounts(server, counts);
