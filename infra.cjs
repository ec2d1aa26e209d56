/** Lets serverless.yml take what follows from the declarations: functions, mappings, tables, permissions, alarms. */
require("tsx/cjs");
const pipeline = require("./pipeline.ts");
const { serverlessParts } = require("./src/deploy/index.ts");

module.exports = async ({ resolveVariable }) =>
  serverlessParts(pipeline, {
    service: await resolveVariable("self:service"),
    stage: await resolveVariable("sls:stage"),
    ...(await resolveVariable("self:custom.millrace")),
  });
