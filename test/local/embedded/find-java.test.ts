import { describe, expect, test } from "@jest/globals";

import { findJava, type Machine, parseJavaVersion } from "../../../src/local/embedded/find-java.js";

test.each([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['openjdk version "21" 2023-09-19', 21],
  ['openjdk version "25-ea" 2025-09-16', 25],
  ['java version "1.8.0_392"', 8],
  ['Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "17.0.1"', 17],
  ["bash: java: command not found", undefined],
])("the major version in %s is %s", (output, version) => {
  expect(parseJavaVersion(output)).toBe(version);
});

/** A machine with these Javas, by path and version; a version that is no number is printed as it is. */
function machineWith(
  javas: Readonly<Record<string, string>>,
  rest: Partial<Machine> = {},
): Machine & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    platform: "linux",
    list: () => [],
    run(command) {
      asked.push(command);
      return javas[command] && `openjdk version "${javas[command]}"`;
    },
    ...rest,
  };
}

describe("Java is found", () => {
  test("in JAVA_HOME before the PATH, without asking any further", () => {
    const machine = machineWith({ "/mine/bin/java": "21", java: "17" });
    expect(findJava({ JAVA_HOME: "/mine" }, machine)).toBe("/mine/bin/java");
    expect(machine.asked).toEqual(["/mine/bin/java"]);
  });

  test("on the PATH when JAVA_HOME holds none, or one too old", () => {
    expect(findJava({ JAVA_HOME: "/gone" }, machineWith({ java: "17.0.15" }))).toBe("java");
    const machine = machineWith({ "/old/bin/java": "11.0.2", java: "17.0.15" });
    expect(findJava({ JAVA_HOME: "/old" }, machine)).toBe("java");
  });

  test("where Debian and Homebrew put it, when the PATH has an old one", () => {
    const folders: Record<string, string[]> = {
      "/opt/homebrew/opt": ["redis", "openjdk@17"],
      "/usr/lib/jvm": ["java-8-openjdk-amd64", "java-17-openjdk-amd64"],
    };
    const list = (folder: string) => folders[folder] ?? [];
    const debian = "/usr/lib/jvm/java-17-openjdk-amd64/bin/java";
    expect(findJava({}, machineWith({ java: "1.8.0", [debian]: "17" }, { list }))).toBe(debian);
    const brew = "/opt/homebrew/opt/openjdk@17/bin/java";
    expect(findJava({}, machineWith({ [brew]: "17" }, { list }))).toBe(brew);
  });

  test("where macOS says it is", () => {
    const home = "/Library/Java/JavaVirtualMachines/temurin-21.jdk/Contents/Home";
    const machine = machineWith({}, { platform: "darwin" });
    const run = (command: string, ...args: string[]) => {
      if (command !== "/usr/libexec/java_home")
        return command === `${home}/bin/java` ? 'openjdk version "21"' : undefined;
      return args.join(" ") === "-v 17+" ? `${home}\n` : undefined;
    };
    expect(findJava({}, { ...machine, run })).toBe(`${home}/bin/java`);
  });
});

describe("a machine without Java 17 is told", () => {
  test("what was found, and what to install on Debian", () => {
    const machine = machineWith({ "/old/bin/java": "11.0.2", java: "1.8.0_392" });
    expect(() => findJava({ JAVA_HOME: "/old" }, machine)).toThrow(
      "DynamoDB Local needs Java 17 or newer, but /old/bin/java is Java 11, java is Java 8; apt-get install openjdk-17-jre-headless",
    );
  });

  test("that there is none, and what to install on macOS", () => {
    expect(() => findJava({}, machineWith({}, { platform: "darwin" }))).toThrow(
      "DynamoDB Local needs Java 17 or newer, and no Java was found; brew install openjdk@17",
    );
  });
});
