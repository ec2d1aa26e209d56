import type { RequestListener } from "node:http";

/** A mapping as ListEventSourceMappings tells of it. */
export interface ServedMapping {
  readonly UUID: string;
  readonly EventSourceArn: string;
  readonly FunctionArn: string;
  readonly State: string;
  readonly StateTransitionReason?: string;
  readonly LastProcessingResult?: string;
}

/** Answers ListEventSourceMappings of Lambda's API with the mappings of the stream asked for, one a page. */
export function serveMappings(mappings: () => readonly ServedMapping[]): RequestListener {
  return ({ url = "" }, response) => {
    const { pathname, searchParams } = new URL(url, "http://localhost");
    response.setHeader("content-type", "application/json");
    if (pathname !== "/2015-03-31/event-source-mappings") {
      response.writeHead(404).end("{}");
      return;
    }
    const arn = searchParams.get("EventSourceArn");
    const found = mappings().filter(({ EventSourceArn }) => EventSourceArn === arn);
    const at = Number(searchParams.get("Marker") ?? 0);
    const NextMarker = at + 1 < found.length ? String(at + 1) : undefined;
    response.end(JSON.stringify({ EventSourceMappings: found.slice(at, at + 1), NextMarker }));
  };
}
