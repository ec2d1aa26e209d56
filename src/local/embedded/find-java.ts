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

/**
 * Finds a Java of at least 17: in `JAVA_HOME`, on the `PATH`, and where Homebrew and Debian put it.
 *
 * @param environment for tests; the process's own otherwise.
 * @throws `configuration` naming what was found and what to install.
 */
export function findJava(environment: Readonly<Record<string, string | undefined>>): string {
  const tooOld: string[] = [];
  for (const java of candidates(environment["JAVA_HOME"])) {
    const { status, stderr, stdout } = spawnSync(java, ["-version"], { encoding: "utf8" });
    const version = status === 0 ? parseJavaVersion(stderr + stdout) : undefined;
    if (version !== undefined && version >= MIN_JAVA) return java;
    if (version !== undefined) tooOld.push(`${java} is Java ${version}`);
  }
  throw new MillraceError(
    "configuration",
    `DynamoDB Local needs Java ${MIN_JAVA} or newer, ${found(tooOld)}; ${remedy()}`,
  );
}

function found(tooOld: readonly string[]): string {
  return tooOld.length === 0 ? "and no Java was found" : `but ${tooOld.join(", ")}`;
}

function remedy(): string {
  return process.platform === "darwin"
    ? "brew install openjdk@17"
    : "apt-get install openjdk-17-jre-headless";
}

function candidates(javaHome: string | undefined): string[] {
  const homes = ["/opt/homebrew/opt", "/usr/local/opt"].flatMap((folder) =>
    listed(folder)
      .filter((name) => name.startsWith("openjdk"))
      .map((name) => join(folder, name)),
  );
  const virtualMachines = listed("/usr/lib/jvm").map((name) => join("/usr/lib/jvm", name));
  const fromHomes = [javaHome, ...homes, ...virtualMachines]
    .filter((home) => home !== undefined)
    .map((home) => join(home, "bin", "java"))
    .filter((java) => existsSync(java));
  const [first, ...rest] = fromHomes;
  return javaHome === undefined ? ["java", ...fromHomes] : [first ?? "java", "java", ...rest];
}

function listed(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
