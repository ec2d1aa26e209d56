import type { RequestListener, ServerResponse } from "node:http";

/** Serves GetObject and ListObjectsV2 (with a delimiter, one folder a page) of one bucket; every other is denied. */
export function serveObjects(objects: ReadonlyMap<string, Buffer>): RequestListener {
  const bucketOf = (path: string) => path.split("/")[0] ?? "";
  return ({ url = "" }, response) => {
    const { pathname, searchParams } = new URL(url, "http://localhost");
    const path = decodeURIComponent(pathname.slice(1));
    const bucket = bucketOf(path);
    const isKnown = [...objects.keys()].some((key) => bucketOf(key) === bucket);
    if (!isKnown) return answer(response, 403, error("AccessDenied", "Access Denied"));
    if (searchParams.get("list-type") === "2") {
      const text = listing([...objects.keys()], bucket, searchParams);
      return answer(response, 200, text);
    }
    const body = objects.get(path);
    if (!body)
      return answer(response, 404, error("NoSuchKey", "The specified key does not exist."));
    response.writeHead(200, { "content-length": body.length }).end(body);
  };
}

function listing(keys: readonly string[], bucket: string, query: URLSearchParams): string {
  const prefix = query.get("prefix") ?? "";
  const after = query.get("continuation-token") ?? "";
  const folders = keys
    .map((key) => key.slice(bucket.length + 1))
    .filter((key) => key.startsWith(prefix) && key.slice(prefix.length).includes("/"))
    .map((key) => key.slice(0, key.indexOf("/", prefix.length) + 1));
  const left = [...new Set(folders)].sort().filter((folder) => folder > after);
  const [first] = left;
  const more = left.length > 1;
  const found = first && `<CommonPrefixes><Prefix>${first}</Prefix></CommonPrefixes>`;
  const next = more ? `<NextContinuationToken>${first}</NextContinuationToken>` : "";
  return `<ListBucketResult><IsTruncated>${more}</IsTruncated>${found ?? ""}${next}</ListBucketResult>`;
}

function error(code: string, message: string): string {
  return `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}

function answer(response: ServerResponse, status: number, xml: string): void {
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>${xml}`);
}
