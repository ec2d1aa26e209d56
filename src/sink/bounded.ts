/**
 * Calls for each element, at most `limit` at once, and answers in the order of the elements.
 *
 * Requires a call that does not reject.
 */
export async function mapBounded<T, R>(
  elements: readonly T[],
  limit: number,
  call: (element: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Array<R>(elements.length);
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < elements.length; i = next++) results[i] = await call(elements[i] as T);
  };
  await Promise.all(Array.from({ length: Math.min(limit, elements.length) }, worker));
  return results;
}
