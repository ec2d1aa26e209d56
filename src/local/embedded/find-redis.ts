import { spawnSync } from "node:child_process";

import { MillraceError } from "../../errors.js";

/** The oldest Redis whose commands the cache uses. */
const MIN_REDIS = [6, 2] as const;

const COMMANDS = [
  "redis-server",
  "valkey-server",
  // Homebrew's folders, for whoever starts us without a login shell.
  ...["/opt/homebrew/bin", "/usr/local/bin"].flatMap((folder) => [
    `${folder}/redis-server`,
    `${folder}/valkey-server`,
  ]),
];

/** Version in what `redis-server --version` or `valkey-server --version` prints: [7, 0] of `Redis server v=7.0.15 sha=…`. */
export function parseRedisVersion(output: string): readonly [number, number] | undefined {
  const [, major, minor] = /\bv=(\d+)\.(\d+)/.exec(output) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor)];
}

/** What {@link findRedis} knows of the machine; its own, unless a test says otherwise. */
export interface RedisMachine {
  readonly platform: NodeJS.Platform;
  /** What `command --version` prints; `undefined` when there is no such command. */
  readonly versionOf: (command: string) => string | undefined;
}

const THIS_MACHINE: RedisMachine = {
  platform: process.platform,
  versionOf(command) {
    const { status, stdout } = spawnSync(command, ["--version"], { encoding: "utf8" });
    return status === 0 ? stdout : undefined;
  },
};

/**
 * Finds `redis-server`, or `valkey-server` where there is no other, of at least 6.2.
 *
 * @throws `configuration` naming what was found and what to install.
 */
export function findRedis(machine: RedisMachine = THIS_MACHINE): string {
  const tooOld: string[] = [];
  for (const command of COMMANDS) {
    const version = parseRedisVersion(machine.versionOf(command) ?? "");
    if (version && isEnough(version)) return command;
    if (version) tooOld.push(`${command} is ${version.join(".")}`);
  }
  const found =
    tooOld.length === 0
      ? "no redis-server or valkey-server was found"
      : `Redis ${MIN_REDIS.join(".")} or newer is needed, but ${tooOld.join(", ")}`;
  const remedy =
    machine.platform === "darwin" ? "brew install redis" : "apt-get install redis-server";
  throw new MillraceError(
    "configuration",
    `${found}; ${remedy}, or set REDIS_URL to one that runs`,
  );
}

function isEnough([major, minor]: readonly [number, number]): boolean {
  return major > MIN_REDIS[0] || (major === MIN_REDIS[0] && minor >= MIN_REDIS[1]);
}
