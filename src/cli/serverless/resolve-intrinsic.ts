import type { ConfigValue } from "./read-serverless-config.js";

/** Resources of a template by their logical ids. */
export type Resources = Readonly<
  Record<
    string,
    { readonly Type?: string; readonly Properties?: Readonly<Record<string, ConfigValue>> }
  >
>;

const REGION = "us-east-1";
const ACCOUNT = "000000000000";
const PSEUDO: Readonly<Record<string, string>> = {
  "AWS::Region": REGION,
  "AWS::AccountId": ACCOUNT,
  "AWS::Partition": "aws",
  "AWS::URLSuffix": "amazonaws.com",
};

/** How a kind of resource is named, and what its ARN is. */
const KINDS: Readonly<
  Record<string, { readonly name: string; readonly arn: (name: string) => string }>
> = {
  "AWS::DynamoDB::Table": {
    name: "TableName",
    arn: (name) => `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name}`,
  },
  "AWS::SQS::Queue": {
    name: "QueueName",
    arn: (name) => `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`,
  },
  "AWS::SNS::Topic": {
    name: "TopicName",
    arn: (name) => `arn:aws:sns:${REGION}:${ACCOUNT}:${name}`,
  },
  "AWS::S3::Bucket": { name: "BucketName", arn: (name) => `arn:aws:s3:::${name}` },
};

/**
 * The text that CloudFormation would make of a value, with a local account; `undefined` where that cannot be known
 * here, as for another stack's exports.
 */
export function resolveIntrinsic(
  value: ConfigValue | undefined,
  resources: Resources,
): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const [[name, argument] = ["", null]] = Object.entries(value);
  switch (name) {
    case "Ref":
      return typeof argument === "string" ? reference(argument, resources) : undefined;
    case "Fn::GetAtt": {
      const [id = "", ...attribute] =
        typeof argument === "string" ? argument.split(".") : (argument as readonly string[]);
      return attributeOf(id, attribute.join("."), resources);
    }
    case "Fn::Sub":
      return substitute(argument, resources);
    case "Fn::Join": {
      const [separator, parts] = argument as readonly [string, readonly ConfigValue[]];
      const texts = parts.map((part) => resolveIntrinsic(part, resources));
      return texts.includes(undefined) ? undefined : texts.join(separator);
    }
    default:
      return undefined;
  }
}

/** The name a resource has, or its logical id where it is given none. */
export function resourceName(id: string, resources: Resources): string | undefined {
  const resource = resources[id];
  if (!resource) return undefined;
  const named = resource.Properties?.[KINDS[resource.Type ?? ""]?.name ?? ""];
  return resolveIntrinsic(named, resources) ?? id;
}

function reference(id: string, resources: Resources): string | undefined {
  const name = PSEUDO[id] ?? resourceName(id, resources);
  // A topic's reference is its ARN.
  return resources[id]?.Type === "AWS::SNS::Topic" ? attributeOf(id, "Arn", resources) : name;
}

function attributeOf(id: string, attribute: string, resources: Resources): string | undefined {
  const name = resourceName(id, resources);
  const arn = name && KINDS[resources[id]?.Type ?? ""]?.arn(name);
  if (attribute === "Arn" || attribute === "TopicArn") return arn;
  // Which stream it is, only DynamoDB knows: the table's own is followed.
  return attribute === "StreamArn" && arn ? `${arn}/stream/latest` : undefined;
}

function substitute(argument: ConfigValue | undefined, resources: Resources): string | undefined {
  const [text, values] = (Array.isArray(argument) ? argument : [argument, {}]) as [
    string,
    Readonly<Record<string, ConfigValue>>,
  ];
  let isKnown = true;
  const substituted = text.replace(/\$\{([^!}][^}]*)\}/g, (_whole, name: string) => {
    const [id = "", ...attribute] = name.split(".");
    const value =
      name in values
        ? resolveIntrinsic(values[name], resources)
        : attribute.length > 0
          ? attributeOf(id, attribute.join("."), resources)
          : reference(id, resources);
    isKnown &&= value !== undefined;
    return value ?? "";
  });
  return isKnown ? substituted : undefined;
}
