/** Lets serverless.yml bundle functions so that they start quickly. */
require("tsx/cjs");
module.exports = require("./src/deploy/esbuild-plugins.ts").esbuildPlugins;
