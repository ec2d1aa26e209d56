import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { messageOf, MillraceError } from "../../errors.js";
import { isAnswering } from "./free-port.js";

/** Names the server that uses a folder: its process and its port. */
const OWNER_FILE = "millrace-server.json";

interface Owner {
  readonly pid: number;
  readonly port: number;
}

/**
 * Makes a folder ready for the data of one server, and makes sure that no other server is using it.
 *
 * Neither DynamoDB Local nor Redis notices a second server on its files; both would lose data.
 *
 * @throws `configuration` when it is in use or cannot be created.
 */
export async function requireUnusedFolder(name: string, folder: string): Promise<void> {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new MillraceError(
      "configuration",
      `${name} cannot keep its data in ${folder}: ${messageOf(cause)}; give a folder that can be written`,
      { cause },
    );
  }
  const owner = readOwner(folder);
  if (!owner || !isAlive(owner.pid) || !(await isAnswering(owner.port))) return;
  throw new MillraceError(
    "configuration",
    `${name} cannot use ${folder}: process ${owner.pid} on port ${owner.port} does; stop it, or give another folder`,
  );
}

/** Notes whose a folder is now. */
export function writeOwner(folder: string, owner: Owner): void {
  writeFileSync(join(folder, OWNER_FILE), `${JSON.stringify(owner)}\n`);
}

/** Whoever wrote last; a file cut short by a crash counts as none. */
function readOwner(folder: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, OWNER_FILE), "utf8")) as Owner;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}
