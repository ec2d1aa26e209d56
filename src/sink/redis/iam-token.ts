import { SignatureV4 } from "@smithy/signature-v4";

/** The user of a cache in ElastiCache that is let in by IAM. */
export interface IamUser {
  /** Id of the user, which is its name as well. */
  readonly user: string;
  /** Name of the serverless cache, or id of the replication group; not its address. */
  readonly cacheName: string;
  readonly isServerless: boolean;
}

/** Whose signature it is, and where. */
export type Signing = Pick<
  ConstructorParameters<typeof SignatureV4>[0],
  "credentials" | "region" | "sha256"
>;

/** How long a token lets its bearer connect; a connection that was made stays. */
const TOKEN_SECONDS = 900;

/**
 * A token that is shown instead of a password: a presigned request to connect, without its scheme.
 *
 * Source: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
 */
export async function signIamToken(
  { user, cacheName, isServerless }: IamUser,
  signing: Signing,
): Promise<string> {
  const signer = new SignatureV4({ ...signing, service: "elasticache" });
  const { query = {} } = await signer.presign(
    {
      method: "GET",
      protocol: "https:",
      hostname: cacheName,
      path: "/",
      headers: { host: cacheName },
      query: {
        Action: "connect",
        User: user,
        ...(isServerless && { ResourceType: "ServerlessCache" }),
      },
    },
    { expiresIn: TOKEN_SECONDS },
  );
  const parts = Object.entries(query).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`,
  );
  return `${cacheName}/?${parts.join("&")}`;
}
