import type { Statement } from "../../src/deploy/roles.js";
import type { ServerlessParts } from "../../src/deploy/serverless.js";

const ACCOUNT = "us-east-1:123456789012";

/** What a function asked of AWS: the action IAM is asked for, and the resource it is asked about. */
export interface Call {
  readonly action: string;
  readonly arn: string;
}

/** One pair of what a role allows. */
interface Grant {
  readonly action: string;
  /** `*` where AWS knows no resource. */
  readonly arn: string;
}

interface PolicyProperty {
  readonly PolicyDocument: { readonly Statement: readonly Statement[] };
}

/**
 * All that a function's role allows, with the names that CloudFormation would fill in.
 *
 * What is denied to the function's own code and allowed to Lambda is not among it: a call is one of the function's.
 */
export function grantsOf(parts: ServerlessParts, name: string): readonly Grant[] {
  const role = parts.resources[parts.functions[name]?.role ?? ""];
  const policies = (role?.Properties["Policies"] ?? []) as readonly PolicyProperty[];
  const statements = policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
  const pairs = (effect: Statement["Effect"]) =>
    statements
      .filter(({ Effect }) => Effect === effect)
      .flatMap(({ Action, Resource }) =>
        Action.flatMap((action) =>
          Resource.map((resource) => ({ action, arn: arnOf(parts, resource) })),
        ),
      );
  const denied = pairs("Deny");
  return pairs("Allow").filter(
    ({ action, arn }) => !denied.some((one) => one.action === action && one.arn === arn),
  );
}

/** Whether a role allows a call. Wildcards are known at the end of a resource, and nowhere in an action. */
export function isAllowed(grants: readonly Grant[], { action, arn }: Call): boolean {
  return grants.some(
    (grant) =>
      grant.action === action &&
      (grant.arn === arn || (grant.arn.endsWith("*") && arn.startsWith(grant.arn.slice(0, -1)))),
  );
}

/** The ARN of a table, by its physical name. */
export function tableArn(table: string): string {
  return `arn:aws:dynamodb:${ACCOUNT}:table/${table}`;
}

/** The ARN of a table's stream, by the table's physical name. */
export function streamArn(table: string): string {
  return `${tableArn(table)}/stream/2026-01-01T00:00:00.000`;
}

/** The ARN of a bucket, by its logical name. */
export function bucketArn(name: string): string {
  return `arn:aws:s3:::${name.toLowerCase()}`;
}

/** The ARN of a queue, by its logical name. */
export function queueArn(name: string): string {
  return `arn:aws:sqs:${ACCOUNT}:${name}`;
}

function arnOf(parts: ServerlessParts, resource: unknown): string {
  if (typeof resource === "string") return resource;
  const { "Fn::GetAtt": attribute, "Fn::Sub": text } = resource as {
    "Fn::GetAtt"?: readonly [string, string];
    "Fn::Sub"?: string;
  };
  if (text !== undefined) {
    return text
      .replace("${AWS::Partition}", "aws")
      .replace("${AWS::Region}:${AWS::AccountId}", ACCOUNT)
      .replace(/\$\{(\w+)\.Arn\}/, (_, name: string) => resourceArn(parts, name, "Arn"));
  }
  return resourceArn(parts, ...attribute!);
}

function resourceArn(parts: ServerlessParts, logicalName: string, name: string): string {
  const { Type, Properties } = parts.resources[logicalName]!;
  if (Type === "AWS::S3::Bucket") return bucketArn(logicalName);
  if (Type === "AWS::SQS::Queue") return queueArn(logicalName);
  const table = Properties["TableName"] as string;
  return name === "StreamArn" ? streamArn(table) : tableArn(table);
}
