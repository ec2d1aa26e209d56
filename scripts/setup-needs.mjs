/**
 * What a checkout needs of a machine, and how to get it there.
 *
 * The machine is an argument, so that a test can be on any: with an old Java, without rights, on macOS.
 * Plain Node without packages, because it runs before there are any; src/local/embedded looks in the same places.
 */
const MIN_JAVA = 17;
const MIN_REDIS = [6, 2];
const HOMEBREW = ["/opt/homebrew", "/usr/local"];

/** Java's major version in what `java -version` prints. */
function javaVersion(output = "") {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(output) ?? [];
  return first === "1" ? second : first;
}

function* javas({ platform, env, run, list }) {
  if (env.JAVA_HOME) yield `${env.JAVA_HOME}/bin/java`;
  yield "java";
  if (platform === "darwin") {
    for (const folder of HOMEBREW.map((prefix) => `${prefix}/opt`)) {
      const names = list(folder).filter((name) => name.startsWith("openjdk"));
      yield* names.map((name) => `${folder}/${name}/bin/java`);
    }
    const home = run("/usr/libexec/java_home", "-v", `${MIN_JAVA}+`)?.trim();
    if (home) yield `${home}/bin/java`;
  } else {
    yield* list("/usr/lib/jvm").map((name) => `/usr/lib/jvm/${name}/bin/java`);
  }
}

/** Redis's version in what `redis-server --version` prints. */
function redisVersion(output = "") {
  return /\bv=(\d+\.\d+)/.exec(output)?.[1];
}

function* redises({ platform }) {
  const names = ["redis-server", "valkey-server"];
  yield* names;
  if (platform !== "darwin") return;
  for (const prefix of HOMEBREW) yield* names.map((name) => `${prefix}/bin/${name}`);
}

function isRedisEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > MIN_REDIS[0] || (major === MIN_REDIS[0] && minor >= MIN_REDIS[1]);
}

const NEEDS = [
  {
    name: `Java ${MIN_JAVA}`,
    commands: javas,
    versionOf: (run, command) => javaVersion(run(command, "-version")),
    isEnough: (version) => Number(version) >= MIN_JAVA,
    debian: "openjdk-17-jre-headless",
    brew: "openjdk@17",
  },
  {
    name: "redis-server",
    commands: redises,
    versionOf: (run, command) => redisVersion(run(command, "--version")),
    isEnough: isRedisEnough,
    debian: "redis-server",
    brew: "redis",
  },
];

/** What a machine lacks, each with what was found instead. */
export function missingOn(machine) {
  return NEEDS.flatMap((need) => {
    const tooOld = [];
    for (const command of need.commands(machine)) {
      const version = need.versionOf(machine.run, command);
      if (version === undefined) continue;
      if (need.isEnough(version)) return [];
      tooOld.push(`${command} is ${version}`);
    }
    return [{ ...need, tooOld }];
  });
}

/** The line that says what is missing and what to do about it. */
export function remedyLine({ name, tooOld, debian, brew }, { platform }) {
  const found = tooOld.length > 0 ? `is missing (${tooOld.join(", ")})` : "is missing";
  return `${name} ${found}: ${platform === "darwin" ? `brew install ${brew}` : `sudo apt-get install ${debian}`}`;
}

/** Installs what is missing, where that is possible without asking anybody; says whether it tried. */
export function installOn(machine, missing) {
  const { platform, run, uid, runAloud, say } = machine;
  const installing = `installing ${missing.map(({ name }) => name).join(" and ")}`;
  if (platform === "darwin") {
    if (run("brew", "--version") === undefined) return false;
    say(`${installing} (brew)`);
    runAloud("brew", "install", ...missing.map(({ brew }) => brew));
    return true;
  }
  if (run("apt-get", "--version") === undefined) return false;
  const asRoot = uid === 0 ? [] : ["sudo", "-n"];
  if (uid !== 0 && run("sudo", "-n", "true") === undefined) return false;
  const install = (names) =>
    runAloud(...asRoot, "apt-get", "-qq", "install", "-y", "--no-install-recommends", ...names);
  const names = missing.map(({ debian }) => debian);
  say(`${installing} (apt-get)`);
  runAloud(...asRoot, "apt-get", "-qq", "update");
  // A newer Debian no longer has Java 17, and its default is newer.
  if (!install(names))
    install(names.map((name) => (name.startsWith("openjdk") ? "default-jre-headless" : name)));
  // Debian runs what it installs; the servers we use are our own, and start and end with us.
  if (names.includes("redis-server") && run("redis-server", "--version") !== undefined)
    run(...asRoot, ...stopService(machine));
  return true;
}

function stopService({ list }) {
  return list("/run/systemd/system").length > 0
    ? ["systemctl", "disable", "--quiet", "--now", "redis-server"]
    : ["service", "redis-server", "stop"];
}

/**
 * Whether packages are not installed as the lock file says.
 *
 * @param lock text of package-lock.json
 * @param installed text of node_modules/.package-lock.json, which npm writes; `undefined` when there is none
 */
export function arePackagesStale(lock, installed) {
  if (installed === undefined) return true;
  const present = JSON.parse(installed).packages;
  return Object.entries(JSON.parse(lock).packages).some(([path, { version, optional, link }]) => {
    if (path === "" || link) return false;
    // An optional package may be for another platform; then npm leaves it out.
    return present[path] === undefined ? !optional : present[path].version !== version;
  });
}
