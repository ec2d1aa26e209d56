/**
 * Gets ready whatever a checkout needs: packages, Java 17 and redis-server.
 *
 * Plain Node without packages, because it runs before there are any. What it cannot install it names in one line.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";

const MIN_NODE = [20, 19];
const isMac = process.platform === "darwin";

function run(command, args, options = {}) {
  return spawnSync(command, args, { encoding: "utf8", ...options });
}

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
  const installed = "node_modules/.package-lock.json";
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync("package-lock.json").mtimeMs)
    return;
  console.error("installing packages (npm ci)");
  const { status } = run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) stop(["npm ci failed; see above"]);
}

function hasJava() {
  const folders = ["/opt/homebrew/opt", "/usr/local/opt"].filter((folder) => existsSync(folder));
  const homes = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.startsWith("openjdk"))
      .map((name) => `${folder}/${name}`),
  );
  const javas = [process.env.JAVA_HOME, ...homes].filter(Boolean).map((home) => `${home}/bin/java`);
  return [...javas, "java"].some((java) => {
    const { status, stderr = "", stdout = "" } = run(java, ["-version"]);
    return status === 0 && Number(/version "(\d+)/.exec(stderr + stdout)?.[1]) >= 17;
  });
}

function hasRedis() {
  const folders = ["", "/opt/homebrew/bin/", "/usr/local/bin/", "/usr/bin/"];
  return folders.some((folder) =>
    ["redis-server", "valkey-server"].some(
      (name) => run(folder + name, ["--version"]).status === 0,
    ),
  );
}

const NEEDS = [
  { name: "Java 17", isThere: hasJava, debian: "openjdk-17-jre-headless", brew: "openjdk@17" },
  { name: "redis-server", isThere: hasRedis, debian: "redis-server", brew: "redis" },
];

/** How to install on this machine without asking anybody; undefined where that is not possible. */
function installer() {
  if (isMac && run("brew", ["--version"]).status === 0)
    return {
      of: "brew",
      install: (names) => run("brew", ["install", ...names], { stdio: ["ignore", 2, 2] }),
    };
  if (run("apt-get", ["--version"]).status !== 0) return undefined;
  const prefix = process.getuid() === 0 ? [] : ["sudo", "-n"];
  if (prefix.length > 0 && run("sudo", ["-n", "true"]).status !== 0) return undefined;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args) => {
    const [command, ...rest] = [...prefix, "apt-get", "-q", ...args];
    return run(command, rest, { stdio: ["ignore", "ignore", 2], env });
  };
  return {
    of: "debian",
    install(names) {
      apt("update");
      const { status } = apt("install", "-y", "--no-install-recommends", ...names);
      if (status === 0 || !names.includes("openjdk-17-jre-headless")) return { status };
      // A newer Debian no longer has 17, and its default is newer.
      return apt(
        "install",
        "-y",
        "--no-install-recommends",
        ...names.map((name) => (name.startsWith("openjdk") ? "default-jre-headless" : name)),
      );
    },
  };
}

function installServers() {
  const missing = NEEDS.filter(({ isThere }) => !isThere());
  if (missing.length === 0) return;
  const found = installer();
  if (found) {
    console.error(`installing ${missing.map(({ name }) => name).join(" and ")}`);
    found.install(missing.map((need) => need[found.of]));
  }
  const still = missing.filter(({ isThere }) => !isThere());
  if (still.length > 0) {
    stop(
      still.map(
        ({ name, debian, brew }) =>
          `${name} is missing: ${isMac ? `brew install ${brew}` : `sudo apt-get install ${debian}`}`,
      ),
    );
  }
}

requireNode();
installPackages();
installServers();
