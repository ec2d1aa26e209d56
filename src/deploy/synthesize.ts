import { type DeploymentSettings, readDeployment } from "./deployment.js";
import { functionLogicalName, type FunctionSpec, functionSpecs, RUNTIME } from "./functions.js";
import { logicalName } from "./logical-name.js";
import { outputsOf } from "./outputs.js";
import { resourcesOf } from "./resources.js";
import { attribute, type Outputs, ref, type Resource, type Resources } from "./template.js";

/** A parameter of a CloudFormation template. */
export interface Parameter {
  readonly Type: string;
  readonly Description: string;
  readonly NoEcho?: boolean;
}

/** A whole CloudFormation template. */
export interface Template {
  readonly AWSTemplateFormatVersion: "2010-09-09";
  readonly Description: string;
  readonly Parameters: Readonly<Record<string, Parameter>>;
  readonly Resources: Resources;
  readonly Outputs: Outputs;
}

/** What a plain template is made for; what is not known yet becomes a parameter of it. */
export interface SynthesizeSettings {
  readonly service: string;
  readonly stage: string;
  readonly alarmEmail?: string;
  /** Declared names of tables that exist: the ARN of each one's stream is a parameter. */
  readonly existingTables?: readonly string[];
  /** Whether the cache exists; its address is a parameter. */
  readonly existingCache?: boolean;
  /** Whether it is reached from certain subnets only; they and the security groups are parameters. */
  readonly existingVpc?: boolean;
}

const CODE_BUCKET = "CodeBucket";

/**
 * The whole deployment as plain CloudFormation, for SAM, CDK, Terraform or CloudFormation itself.
 *
 * The same as `sls deploy` makes, resource by resource. Where the code of the functions is, is a parameter: a bucket,
 * and the key of each function's zip.
 *
 * @param exports what `pipeline.ts` exports.
 * @throws `configuration`, listing every mistake in the declarations or the settings.
 */
export function synthesize(
  exports: Readonly<Record<string, unknown>>,
  settings: SynthesizeSettings,
): Template {
  const deployment = readDeployment(exports, deploymentSettings(settings));
  const specs = functionSpecs(deployment);
  return {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `Views over DynamoDB tables, kept true by their streams: ${deployment.name}`,
    Parameters: { ...settingParameters(settings), ...codeParameters(specs) },
    Resources: {
      ...Object.fromEntries(
        specs.flatMap((spec) => functionResources(spec, deployment.stage.logRetentionDays)),
      ),
      ...resourcesOf(deployment),
    },
    Outputs: outputsOf(deployment),
  };
}

function streamParameter(table: string): string {
  return logicalName(table, "StreamArn");
}

function deploymentSettings(settings: SynthesizeSettings): DeploymentSettings {
  const { service, stage, alarmEmail = "", existingTables = [] } = settings;
  return {
    service,
    stage,
    alarmEmail,
    existingTables: Object.fromEntries(
      existingTables.map((table) => [table, ref(streamParameter(table))]),
    ),
    ...(settings.existingCache && { redisUrl: ref("RedisUrl") }),
    ...(settings.existingVpc && {
      subnetIds: ref("SubnetIds"),
      securityGroupIds: ref("SecurityGroupIds"),
    }),
  };
}

function settingParameters(settings: SynthesizeSettings): Readonly<Record<string, Parameter>> {
  const { existingTables = [], existingCache, existingVpc } = settings;
  const streams = existingTables.map((table): [string, Parameter] => [
    streamParameter(table),
    { Type: "String", Description: `ARN of the stream of table ${table}` },
  ]);
  return {
    ...Object.fromEntries(streams),
    ...(existingCache && {
      RedisUrl: { Type: "String", NoEcho: true, Description: "rediss://… address of the cache" },
    }),
    ...(existingVpc && {
      SubnetIds: {
        Type: "List<AWS::EC2::Subnet::Id>",
        Description: "Subnets from which the cache is reached",
      },
      SecurityGroupIds: {
        Type: "List<AWS::EC2::SecurityGroup::Id>",
        Description: "Security groups that the cache lets in",
      },
    }),
  };
}

function codeParameters(specs: readonly FunctionSpec[]): Readonly<Record<string, Parameter>> {
  const keys = specs.map(({ name }): [string, Parameter] => [
    codeKey(name),
    { Type: "String", Description: `Key of the zip with handlers/${name}.mjs in it` },
  ]);
  return {
    [CODE_BUCKET]: { Type: "String", Description: "Bucket of the functions' zips" },
    ...Object.fromEntries(keys),
  };
}

function codeKey(name: string): string {
  return logicalName(name, "CodeKey");
}

/** A function and its log, under the names that the Serverless Framework would give them. */
function functionResources(
  spec: FunctionSpec,
  RetentionInDays: number,
): readonly (readonly [string, Resource])[] {
  const logGroup = logicalName(spec.name, "LogGroup");
  const lambda: Resource = {
    Type: "AWS::Lambda::Function",
    DependsOn: [logGroup],
    Properties: {
      FunctionName: spec.physicalName,
      Description: spec.description,
      Code: { S3Bucket: ref(CODE_BUCKET), S3Key: ref(codeKey(spec.name)) },
      Handler: spec.handler,
      Runtime: RUNTIME,
      Architectures: ["arm64"],
      Role: attribute(spec.role, "Arn"),
      MemorySize: spec.memoryMb,
      Timeout: spec.timeoutSeconds,
      TracingConfig: { Mode: "Active" },
      LoggingConfig: { LogFormat: "JSON" },
      Environment: { Variables: spec.environment },
      ...(spec.callsItself && { RecursiveLoop: "Allow" }),
      ...(spec.vpc && {
        VpcConfig: {
          SubnetIds: spec.vpc.subnetIds,
          SecurityGroupIds: spec.vpc.securityGroupIds,
        },
      }),
    },
  };
  const log: Resource = {
    Type: "AWS::Logs::LogGroup",
    Properties: { LogGroupName: `/aws/lambda/${spec.physicalName}`, RetentionInDays },
  };
  return [
    [logGroup, log],
    [functionLogicalName(spec.name), lambda],
  ];
}
