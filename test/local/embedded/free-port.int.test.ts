import { once } from "node:events";
import { createServer, type Server } from "node:net";

import { afterEach, describe, expect, test } from "@jest/globals";

import { freePort, isAnswering, requireFreePort } from "../../../src/local/embedded/free-port.js";

describe("a port", () => {
  let squatter: Server | undefined;
  afterEach(() => {
    squatter?.close();
  });

  async function squat(host: string): Promise<number> {
    squatter = createServer().listen(0, host);
    await once(squatter, "listening");
    return (squatter.address() as { port: number }).port;
  }

  test("that is free can be listened on, and nobody answers there", async () => {
    const port = await freePort();
    expect(await isAnswering(port)).toBe(false);
    await requireFreePort("a server", port);
  });

  test.each(["127.0.0.1", "0.0.0.0"])(
    "that is taken on %s is refused, naming the server, the port and the remedy",
    async (host) => {
      const port = await squat(host);
      expect(await isAnswering(port)).toBe(true);
      await expect(requireFreePort("a server", port)).rejects.toMatchObject({
        code: "configuration",
        message: `port ${port} is taken, so a server cannot listen on it; stop what does (lsof -i :${port}), or give another port`,
      });
    },
  );

  test.each([70_000, -1, 80.5, Number.NaN])("%s does not exist, and says so", async (port) => {
    await expect(requireFreePort("a server", port)).rejects.toMatchObject({
      code: "configuration",
      message: `port ${port} does not exist, so a server cannot listen on it; give a whole number from 1 to 65535`,
    });
  });
});
