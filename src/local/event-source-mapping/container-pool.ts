import type { LambdaHandler } from "./invoke.js";

/** Where a function runs: what it keeps outside its handler lives as long as this does. */
export interface Container {
  readonly handler: LambdaHandler;
  readonly logStreamName: string;
}

/** The containers of a function. */
export interface ContainerPool {
  /** Runs something in a container that is free, or in a new one. */
  use<T>(run: (container: Container) => Promise<T>): Promise<T>;
}

/** A pool without containers yet. A container whose run fails by its time limit is not used again. */
export function createContainerPool(
  start: () => LambdaHandler | Promise<LambdaHandler>,
  newLogStreamName: () => string,
): ContainerPool {
  const free: Container[] = [];
  return {
    async use(run) {
      const container = free.pop() ?? { handler: await start(), logStreamName: newLogStreamName() };
      let reusable = true;
      try {
        return await run(container);
      } catch (thrown) {
        reusable = !isTimeout(thrown);
        throw thrown;
      } finally {
        if (reusable) free.push(container);
      }
    },
  };
}

function isTimeout(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message.startsWith("Task timed out after ");
}
