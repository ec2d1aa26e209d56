/** Lets serverless.yml take what follows from the declarations: functions, mappings, tables, permissions. */
require("tsx/cjs");
const pipeline = require("./pipeline.ts");
const { serverlessParts } = require("./src/deploy/serverless.ts");

module.exports = async ({ resolveVariable }) =>
  serverlessParts(pipeline, {
    service: await resolveVariable("self:service"),
    stage: await resolveVariable("sls:stage"),
    redisUrl: await resolveVariable("self:custom.redisUrl"),
    alarmEmail: await resolveVariable("self:custom.alarmEmail"),
  });
