import type { AddressInfo, Server } from "node:net";

/** Listens on a free port, tells the parent which, and answers its requests for the counts, starting them anew. */
export function serveCounts(server: Server, counts: Record<string, number>): void {
  server.listen(0, "127.0.0.1", () =>
    process.send?.({ port: (server.address() as AddressInfo).port }),
  );
  process.on("message", () => {
    process.send?.({ counts: { ...counts } });
    for (const name of Object.keys(counts)) counts[name] = 0;
  });
  process.on("disconnect", () => process.exit());
}
