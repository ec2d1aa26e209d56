const shared = {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  moduleNameMapper: {
    "^millrace$": "<rootDir>/src/index.ts",
    "^millrace/local$": "<rootDir>/src/local/index.ts",
    "^millrace/testing$": "<rootDir>/src/testing/index.ts",
    "^(\\.{1,2}/.*)\\.js$": "$1",
  },
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { target: "es2022", parser: { syntax: "typescript" } }, module: { type: "es6" } },
    ],
  },
  modulePathIgnorePatterns: ["<rootDir>/dist/", "<rootDir>/.serverless/", "<rootDir>/.esbuild/"],
};

/** Unit tests need nothing but Node; integration tests use real servers, started by themselves on free ports. */
export default {
  projects: [
    {
      ...shared,
      displayName: "unit",
      testMatch: ["<rootDir>/test/**/*.test.ts"],
      testPathIgnorePatterns: ["\\.int\\.test\\.ts$"],
    },
    {
      ...shared,
      displayName: "integration",
      testMatch: ["<rootDir>/test/**/*.int.test.ts"],
      globalSetup: "<rootDir>/test/support/start-services.mjs",
      globalTeardown: "<rootDir>/test/support/stop-services.mjs",
    },
  ],
  testTimeout: 180_000,
  maxWorkers: 2,
  reporters: ["default", "<rootDir>/scripts/count-reporter.mjs"],
};
