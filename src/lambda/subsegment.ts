/** What is told of one call of a sink. */
export interface SinkCall {
  readonly mutations: number;
  readonly applied: number;
  readonly stale: number;
  readonly failed: number;
}

/** Measures one piece of work as a subsegment of the invocation's trace. */
export type Trace = <T>(
  name: string,
  work: () => Promise<T>,
  told: (result: T) => SinkCall,
) => Promise<T>;

/** Where a subsegment begins. */
export interface Segment {
  addNewSubsegment(name: string): Subsegment;
}

/** The part of X-Ray's subsegment that is used here. */
export interface Subsegment {
  addAnnotation(key: string, value: number): void;
  addErrorFlag(): void;
  addError(error: Error): void;
  close(): void;
}

/** Runs work inside a subsegment, closed whatever happens; where there is no segment, just runs it. */
export async function inSubsegment<T>(
  segment: Segment | undefined,
  name: string,
  work: () => Promise<T>,
  told: (result: T) => SinkCall,
): Promise<T> {
  const subsegment = segment?.addNewSubsegment(name);
  try {
    const result = await work();
    const call = told(result);
    for (const key of ["mutations", "applied", "stale", "failed"] as const)
      subsegment?.addAnnotation(key, call[key]);
    if (call.failed > 0) subsegment?.addErrorFlag();
    return result;
  } catch (thrown) {
    subsegment?.addError(thrown as Error);
    throw thrown;
  } finally {
    subsegment?.close();
  }
}
