/** The architecture, as rules: imports point downwards only (ARCHITECTURE.md, "Rules"). */
const floor = (name, from, allowed, comment) => ({
  name,
  severity: "error",
  comment,
  from: { path: `^src/${from}/` },
  to: {
    path: "^src/",
    pathNot: [`^src/${from}/`, "^src/errors\\.ts$", ...allowed.map((folder) => `^src/${folder}/`)],
  },
});

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-orphans",
      severity: "error",
      from: { orphan: true, path: "^src/", pathNot: ["\\.d\\.ts$"] },
      to: {},
    },
    floor(
      "change-is-the-floor",
      "change",
      [],
      "change/ imports errors.ts and nothing else of ours",
    ),
    floor("view-sees-change", "view", ["change"], "view/ is pure: it sees change/ only"),
    floor(
      "dynamodb-sees-view",
      "dynamodb",
      ["change", "view"],
      "what sinks and state share of DynamoDB itself",
    ),
    floor(
      "sink-sees-view",
      "sink",
      ["change", "view", "dynamodb"],
      "a sink knows rows, not the pipeline",
    ),
    floor(
      "state-sees-view",
      "state",
      ["change", "view", "dynamodb"],
      "bookkeeping knows changes and views, not the pipeline",
    ),
    floor(
      "read-sees-sinks",
      "read",
      ["change", "view", "dynamodb", "sink"],
      "reading knows rows where they are kept, not the pipeline",
    ),
    floor(
      "pipeline-sees-ports",
      "pipeline",
      ["change", "view", "sink", "state"],
      "the pipeline knows ports",
    ),
    floor(
      "upkeep-sees-sinks",
      "upkeep",
      ["change", "view", "dynamodb", "sink", "state"],
      "what the operations share: items as they are now, rows brought up to date beside the stream",
    ),
    floor(
      "backfill-sees-ports",
      "backfill",
      ["change", "view", "dynamodb", "sink", "state", "pipeline", "upkeep"],
      "a backfill works on ports, so that a simulation runs the same code",
    ),
    {
      name: "backfill-sees-no-adapter",
      severity: "error",
      from: { path: "^src/backfill/" },
      to: { path: ["^src/sink/(memory|dynamodb|redis)", "^src/state/(memory|dynamodb)"] },
    },
    floor(
      "verify-sees-upkeep",
      "verify",
      ["change", "view", "dynamodb", "sink", "state", "upkeep"],
      "an operation knows where rows are and what items say, not who delivers",
    ),
    floor(
      "redrive-sees-ports",
      "redrive",
      ["change", "view", "sink", "state", "pipeline", "upkeep"],
      "redrive knows ports, so that a simulation runs the same code",
    ),
    floor(
      "status-sees-state",
      "status",
      ["change", "view", "dynamodb", "state", "upkeep"],
      "status looks at what is recorded and at streams, and changes nothing",
    ),
    floor(
      "plan-sees-state",
      "plan",
      ["change", "view", "dynamodb", "state", "upkeep"],
      "a plan compares and reckons, and changes nothing",
    ),
    floor(
      "evolve-sees-state",
      "evolve",
      ["change", "view", "state", "upkeep"],
      "which version is read is a record among others",
    ),
    floor(
      "failures-sees-ports",
      "failures",
      ["change", "view", "dynamodb", "state", "pipeline"],
      "the second net parks what Lambda gave up, as the pipeline parks poison",
    ),
    floor(
      "testing-sees-no-server",
      "testing",
      ["change", "view", "sink", "state", "pipeline", "read"],
      "the test kit runs the pipeline on what is in memory",
    ),
    {
      name: "testing-sees-no-client",
      severity: "error",
      from: { path: "^src/testing/" },
      to: {
        path: ["^src/sink/(dynamodb|redis)", "^src/state/dynamodb", "@aws-sdk/client", "ioredis"],
      },
    },
    {
      name: "pipeline-sees-no-adapter",
      severity: "error",
      from: { path: "^src/pipeline/" },
      to: { path: ["^src/sink/(memory|dynamodb|redis)", "^src/state/(memory|dynamodb)"] },
    },
    {
      name: "pure-core",
      severity: "error",
      comment: "change/ and view/ import no SDK, no client, no Node module",
      from: { path: "^src/(change|view)/" },
      to: {
        path: [
          "node_modules/@aws-sdk/client",
          "node_modules/ioredis",
          "node_modules/@aws-lambda-powertools",
        ],
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "local-stands-alone",
      severity: "error",
      comment: "the local event source mapping works for any handler: it knows nothing of views",
      from: { path: "^src/local/event-source-mapping/" },
      to: { path: "^src/", pathNot: ["^src/local/", "^src/errors\\.ts$"] },
    },
    {
      name: "operations-are-siblings",
      severity: "error",
      from: {
        path: "^src/(local|backfill|verify|redrive|failures|status|plan|probe|evolve|deploy)/",
      },
      to: {
        path: "^src/(local|backfill|verify|redrive|failures|status|plan|probe|evolve|deploy)/",
        pathNot: "^src/$1/",
      },
    },
    {
      name: "entry-points-are-leaves",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/cli/" },
      to: { path: ["^handlers/", "^src/cli/", "^pipeline\\.ts$"] },
    },
    {
      name: "no-barrels",
      severity: "error",
      from: { path: "^src/" },
      to: { path: ["^src/index\\.ts$", "^src/[^/]+/index\\.ts$"] },
    },
    {
      name: "no-tests",
      severity: "error",
      from: { path: "^(src|handlers)/" },
      to: { path: "^(test|bench|scripts)/" },
    },
    {
      name: "no-dev-packages",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
    },
  },
};
