/**
 * Gets ready whatever a checkout needs: packages, Java 17 and redis-server.
 *
 * Plain Node without packages, because it runs before there are any. What it cannot install it names in one line.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { arePackagesStale, installOn, missingOn, remedyLine } from "./setup-needs.mjs";

const MIN_NODE = [20, 19];
const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const thisMachine = {
  platform: process.platform,
  env: process.env,
  uid: process.getuid?.(),
  say: (line) => console.error(line),
  /** Names in a folder; none where there is no such folder. */
  list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
  /** What a command prints; undefined when there is no such command or it fails. */
  run(command, ...args) {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
    return status === 0 ? stdout + stderr : undefined;
  },
  /** Runs a command, with its complaints for all to see; says whether it succeeded. */
  runAloud(command, ...args) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    return spawnSync(command, args, { stdio: ["ignore", "ignore", 2], env }).status === 0;
  },
};

function stop(lines) {
  for (const line of lines) console.error(line);
  process.exit(2);
}

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return;
  stop([
    `Node ${process.versions.node} is too old: install Node ${MIN_NODE.join(".")} or newer (https://nodejs.org)`,
  ]);
}

function installPackages() {
  const [lock, installed] = ["package-lock.json", "node_modules/.package-lock.json"].map((file) =>
    join(root, file),
  );
  const isThere = existsSync(installed);
  if (isThere && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  // Changing branches makes the lock file younger, not different; then what is installed will do.
  const text = (file) => readFileSync(file, "utf8");
  if (!arePackagesStale(text(lock), isThere ? text(installed) : undefined)) return;
  console.error("installing packages (npm ci)");
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) stop(["npm ci failed; see above"]);
}

function installServers() {
  const missing = missingOn(thisMachine);
  if (missing.length === 0) return;
  const still = installOn(thisMachine, missing) ? missingOn(thisMachine) : missing;
  if (still.length > 0) stop(still.map((need) => remedyLine(need, thisMachine)));
}

requireNode();
installPackages();
installServers();
