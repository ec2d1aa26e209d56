/**
 * All checks, one line each, the fast ones first; ends with one line `N passed, N failed`.
 *
 * The static checks run side by side; tests follow only if they pass.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const bin = (name) => join("node_modules", ".bin", name);
const STATIC = [
  ["format", bin("prettier"), ["--check", "--log-level=warn", "."]],
  ["lint", bin("eslint"), ["."]],
  ["types", bin("tsc"), ["-p", "."]],
  [
    "dependencies",
    bin("depcruise"),
    ["--config", ".dependency-cruiser.cjs", "src", "handlers", "pipeline.ts"],
  ],
  ["lua", process.execPath, ["scripts/build-lua.mjs", "--check"]],
];
const TESTS = [
  ["unit", bin("jest"), ["--selectProjects", "unit"]],
  ["integration", bin("jest"), ["--selectProjects", "integration"]],
];

const folder = mkdtempSync(join(tmpdir(), "millrace-check-"));
const counts = join(folder, "counts");
const env = {
  ...process.env,
  NODE_OPTIONS: "--experimental-vm-modules --no-warnings",
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
  MILLRACE_TEST_COUNTS: counts,
};

function run([name, command, args], showOutput) {
  const startedAtMs = Date.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env,
      stdio: ["ignore", showOutput ? "inherit" : "pipe", showOutput ? "inherit" : "pipe"],
    });
    let output = "";
    child.stdout?.on("data", (chunk) => (output += chunk));
    child.stderr?.on("data", (chunk) => (output += chunk));
    child.on("close", (code) => {
      const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(1);
      console.log(`${code === 0 ? "ok  " : "FAIL"} ${name.padEnd(12)} ${seconds} s`);
      if (code !== 0 && output) console.log(output);
      resolve(code === 0);
    });
  });
}

function finish(failedSteps) {
  const lines = existsSync(counts) ? readFileSync(counts, "utf8").trim().split("\n") : [];
  const [passed, failed] = lines
    .map((line) => line.split(" ").map(Number))
    .reduce(([p, f], [a, b]) => [p + a, f + b], [0, 0]);
  rmSync(folder, { recursive: true, force: true });
  console.log(`${passed} passed, ${Math.max(failed, failedSteps)} failed`);
  process.exit(failed + failedSteps === 0 ? 0 : 1);
}

const checked = await Promise.all(STATIC.map((step) => run(step, false)));
const failedChecks = checked.filter((ok) => !ok).length;
if (failedChecks > 0) finish(failedChecks);
let failedTests = 0;
for (const step of TESTS) if (!(await run(step, true))) failedTests++;
finish(failedTests);
