import { describe, expect, test } from "@jest/globals";

import {
  arePackagesStale,
  installOn,
  missingOn,
  remedyLine,
  type SetupMachine,
} from "../../scripts/setup-needs.mjs";

const JAVA = (version: string) => `openjdk version "${version}" 2025-04-15\n`;
const REDIS = (version: string) => `Redis server v=${version} sha=00000000:0 bits=64\n`;

interface FakeMachine extends SetupMachine {
  /** What commands print; one that is not here does not exist. */
  readonly commands: Record<string, string>;
  /** What was run to change the machine. */
  readonly changes: string[];
  readonly said: string[];
}

/** A machine that knows these commands, and on which package managers bring what `packages` says. */
function machineWith(
  commands: Record<string, string>,
  rest: Partial<SetupMachine> & { packages?: Record<string, Record<string, string>> } = {},
): FakeMachine {
  const { packages = {}, ...given } = rest;
  const changes: string[] = [];
  const said: string[] = [];
  return {
    platform: "linux",
    env: {},
    uid: 0,
    list: () => [],
    say: (line) => said.push(line),
    run(command, ...args) {
      const line = [command, ...args].join(" ");
      if (/\b(service|systemctl)\b/.test(line)) changes.push(line);
      return commands[line] ?? commands[command];
    },
    runAloud(...line) {
      changes.push(line.join(" "));
      if (!line.includes("install")) return true;
      const wanted = line
        .slice(line.indexOf("install") + 1)
        .filter((word) => !word.startsWith("-"));
      if (wanted.some((name) => !(name in packages))) return false;
      for (const name of wanted) Object.assign(commands, packages[name]);
      return true;
    },
    commands,
    changes,
    said,
    ...given,
  };
}

function linesFor(machine: SetupMachine): string[] {
  return missingOn(machine).map((need) => remedyLine(need, machine));
}

const BOTH = { java: JAVA("17.0.15"), "redis-server": REDIS("7.0.15") };
const DEBIAN_PACKAGES = {
  "openjdk-17-jre-headless": { java: JAVA("17.0.15") },
  "default-jre-headless": { java: JAVA("21.0.8") },
  "redis-server": { "redis-server": REDIS("7.0.15") },
};

describe("a machine lacks nothing", () => {
  test.each<[string, Record<string, string>, Partial<SetupMachine>]>([
    ["with Java 17 and Redis on its PATH", BOTH, {}],
    ["with Valkey for Redis", { java: JAVA("21"), "valkey-server": REDIS("8.1.4") }, {}],
    [
      "with its Java in JAVA_HOME",
      { ...BOTH, java: JAVA("11.0.2"), "/j/bin/java": JAVA("17") },
      { env: { JAVA_HOME: "/j" } },
    ],
    [
      "with a new Java where Debian puts it, beside an old one on the PATH",
      {
        ...BOTH,
        java: JAVA("1.8.0_392"),
        "/usr/lib/jvm/java-17/bin/java": JAVA("17.0.15"),
      },
      { list: (folder) => (folder === "/usr/lib/jvm" ? ["java-8", "java-17"] : []) },
    ],
    [
      "with Homebrew's, outside the PATH",
      {
        "/opt/homebrew/opt/openjdk@17/bin/java": JAVA("17.0.15"),
        "/opt/homebrew/bin/redis-server": REDIS("8.2.0"),
      },
      {
        platform: "darwin",
        list: (folder) => (folder === "/opt/homebrew/opt" ? ["openjdk@17", "redis"] : []),
      },
    ],
    [
      "with the Java that macOS names",
      {
        "/usr/libexec/java_home -v 17+": "/Library/J\n",
        "/Library/J/bin/java": JAVA("21"),
        "redis-server": REDIS("7.2.5"),
      },
      { platform: "darwin" },
    ],
  ])("%s", (_title, commands, rest) => {
    expect(linesFor(machineWith(commands, rest))).toEqual([]);
  });
});

describe("what is missing is told in one line each", () => {
  test("with Debian's command", () => {
    expect(linesFor(machineWith({}))).toEqual([
      "Java 17 is missing: sudo apt-get install openjdk-17-jre-headless",
      "redis-server is missing: sudo apt-get install redis-server",
    ]);
  });

  test("with Homebrew's command", () => {
    expect(linesFor(machineWith({}, { platform: "darwin" }))).toEqual([
      "Java 17 is missing: brew install openjdk@17",
      "redis-server is missing: brew install redis",
    ]);
  });

  test("and with what is there but too old", () => {
    const commands = { java: JAVA("1.8.0_392"), "redis-server": REDIS("6.0.16") };
    expect(linesFor(machineWith(commands))).toEqual([
      "Java 17 is missing (java is 8): sudo apt-get install openjdk-17-jre-headless",
      "redis-server is missing (redis-server is 6.0): sudo apt-get install redis-server",
    ]);
    expect(linesFor(machineWith({ ...BOTH, "redis-server": REDIS("6.2.0") }))).toEqual([]);
  });
});

describe("what is missing is installed", () => {
  const apt = { "apt-get": "apt 2.6.1\n" };

  test("on Debian by root, and the service that Debian starts is stopped", () => {
    const machine = machineWith({ ...apt }, { packages: DEBIAN_PACKAGES });
    expect(installOn(machine, missingOn(machine))).toBe(true);
    expect(machine.changes).toEqual([
      "apt-get -qq update",
      "apt-get -qq install -y --no-install-recommends openjdk-17-jre-headless redis-server",
      "service redis-server stop",
    ]);
    expect(machine.said).toEqual(["installing Java 17 and redis-server (apt-get)"]);
    expect(missingOn(machine)).toEqual([]);
  });

  test("on Debian by a user who may become root without a password", () => {
    const machine = machineWith(
      { ...apt, "sudo -n true": "", java: JAVA("17") },
      {
        uid: 1000,
        packages: DEBIAN_PACKAGES,
        list: (folder) => (folder === "/run/systemd/system" ? ["x"] : []),
      },
    );
    expect(installOn(machine, missingOn(machine))).toBe(true);
    expect(machine.changes).toEqual([
      "sudo -n apt-get -qq update",
      "sudo -n apt-get -qq install -y --no-install-recommends redis-server",
      "sudo -n systemctl disable --quiet --now redis-server",
    ]);
  });

  test("with the newer Java of a Debian that has no 17", () => {
    const { "openjdk-17-jre-headless": _none, ...packages } = DEBIAN_PACKAGES;
    const machine = machineWith({ ...apt }, { packages });
    installOn(machine, missingOn(machine));
    expect(missingOn(machine)).toEqual([]);
  });

  test("on macOS by Homebrew", () => {
    const brewed = { "openjdk@17": { "/opt/homebrew/opt/openjdk@17/bin/java": JAVA("17.0.15") } };
    const machine = machineWith(
      { brew: "Homebrew 4.6.0\n", "redis-server": REDIS("8.2.0") },
      {
        platform: "darwin",
        packages: brewed,
        list: (folder) => (folder === "/opt/homebrew/opt" ? ["openjdk@17"] : []),
      },
    );
    expect(installOn(machine, missingOn(machine))).toBe(true);
    expect(machine.changes).toEqual(["brew install openjdk@17"]);
    expect(missingOn(machine)).toEqual([]);
  });
});

test.each<[string, Record<string, string>, Partial<SetupMachine>]>([
  ["without the right to", { "apt-get": "apt" }, { uid: 1000 }],
  ["on macOS without Homebrew", { "apt-get": "apt" }, { platform: "darwin" }],
  ["on a system without apt-get", {}, {}],
])("nothing is touched %s", (_title, commands, rest) => {
  const machine = machineWith(commands, rest);
  expect(installOn(machine, missingOn(machine))).toBe(false);
  expect([machine.changes, machine.said]).toEqual([[], []]);
});

describe("packages are installed again", () => {
  const text = (packages: object) => JSON.stringify({ packages });
  const lock = text({
    "": { version: "0.1.0" },
    "node_modules/a": { version: "1.0.0" },
    "node_modules/for-another-platform": { version: "1.0.0", optional: true },
  });

  test("when there are none, one is missing, or one is of another version", () => {
    expect(arePackagesStale(lock, undefined)).toBe(true);
    expect(arePackagesStale(lock, text({}))).toBe(true);
    expect(arePackagesStale(lock, text({ "node_modules/a": { version: "1.0.1" } }))).toBe(true);
  });

  test("but not for a lock file that is only younger, or for another platform's package", () => {
    expect(arePackagesStale(lock, text({ "node_modules/a": { version: "1.0.0" } }))).toBe(false);
  });
});
