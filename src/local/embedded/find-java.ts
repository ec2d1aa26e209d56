import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { MillraceError } from "../../errors.js";

/** The oldest Java that runs DynamoDB Local. */
const MIN_JAVA = 17;

/** Major version in what `java -version` prints: 17 of `openjdk version "17.0.15"`, 8 of `java version "1.8.0_392"`. */
export function parseJavaVersion(output: string): number | undefined {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(output) ?? [];
  if (first === undefined) return undefined;
  return first === "1" && second !== undefined ? Number(second) : Number(first);
}

/** What {@link findJava} knows of the machine; its own, unless a test says otherwise. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** Names in a folder, none where it does not exist. */
  readonly list: (folder: string) => readonly string[];
  /** What a command prints on both of its outputs; `undefined` when it cannot be run or fails. */
  readonly run: (command: string, ...args: string[]) => string | undefined;
}

const THIS_MACHINE: Machine = {
  platform: process.platform,
  list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
  run(command, ...args) {
    const { status, stderr, stdout } = spawnSync(command, args, { encoding: "utf8" });
    return status === 0 ? stderr + stdout : undefined;
  },
};

/**
 * Finds a Java of at least 17: in `JAVA_HOME`, on the `PATH`, and where Homebrew, macOS and Debian put it.
 *
 * @throws `configuration` naming what was found and what to install.
 */
export function findJava(
  environment: Readonly<Record<string, string | undefined>>,
  machine: Machine = THIS_MACHINE,
): string {
  const tooOld: string[] = [];
  for (const java of candidates(environment["JAVA_HOME"], machine)) {
    const version = parseJavaVersion(machine.run(java, "-version") ?? "");
    if (version !== undefined && version >= MIN_JAVA) return java;
    if (version !== undefined) tooOld.push(`${java} is Java ${version}`);
  }
  const found = tooOld.length === 0 ? "and no Java was found" : `but ${tooOld.join(", ")}`;
  const remedy =
    machine.platform === "darwin"
      ? "brew install openjdk@17"
      : "apt-get install openjdk-17-jre-headless";
  throw new MillraceError(
    "configuration",
    `DynamoDB Local needs Java ${MIN_JAVA} or newer, ${found}; ${remedy}`,
  );
}

/** The likeliest first; a generator, because asking for the later ones takes time. */
function* candidates(javaHome: string | undefined, machine: Machine): Generator<string> {
  if (javaHome) yield join(javaHome, "bin", "java");
  yield "java";
  for (const folder of ["/opt/homebrew/opt", "/usr/local/opt", "/usr/lib/jvm"]) {
    const homes = machine.list(folder).filter((name) => /jdk|java|jre/.test(name));
    yield* homes.map((name) => join(folder, name, "bin", "java"));
  }
  if (machine.platform !== "darwin") return;
  const home = machine.run("/usr/libexec/java_home", "-v", `${MIN_JAVA}+`)?.trim();
  if (home) yield join(home, "bin", "java");
}
