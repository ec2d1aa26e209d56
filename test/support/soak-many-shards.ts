import { createEventSourceMapping } from "../../src/local/event-source-mapping/create-event-source-mapping.js";
import { createFakeStreams, FAKE_STREAM_ARN } from "./fake-streams.js";
import { createSoak, randomOf, type Soak } from "./soak.js";
import { createVirtualClock } from "./virtual-clock.js";

/**
 * Two mappings of a stream of four shards in virtual time, while records are written, shards split, iterators expire,
 * calls are throttled and handlers fail at random.
 *
 * @returns once both were given every record.
 */
export async function soakManyShards(
  records: number,
  seed: number,
): Promise<{ readonly soaks: readonly Soak[]; readonly shards: number }> {
  const random = randomOf(seed);
  const clock = createVirtualClock();
  const trouble = (call: string) => {
    if (call === "DescribeStreamCommand" || random() > 0.05) return undefined;
    return random() < 0.5 ? "ExpiredIteratorException" : "LimitExceededException";
  };
  const streams = createFakeStreams(4, trouble, () => clock.nowMs());
  const soaks = [createSoak(random, true), createSoak(random, false)];
  const settings = [
    { batchSize: 100, bisectBatchOnFunctionError: true, reportBatchItemFailures: true },
    { batchSize: 50, parallelizationFactor: 4 },
  ];
  const base = { streamArn: FAKE_STREAM_ARN, streams: streams.client, clock };
  const mappings = await Promise.all(
    soaks.map(({ handler }, i) =>
      createEventSourceMapping({ ...base, ...settings[i], handler, functionName: `f${i}` }),
    ),
  );
  const never = new AbortController().signal;
  let splits = 0;
  for (let i = 0; i < records; i++) {
    streams.write(String(Math.floor(random() * 500)));
    if (i % 500 === 499) await clock.sleep(100, never);
    if (i % Math.ceil(records / 12) === 1) {
      const open = streams.openShards();
      streams.split(open[Math.floor(random() * open.length)] ?? "");
      splits++;
    }
  }
  while (soaks.some((soak) => soak.delivered() < records && soak.skipped.length === 0))
    await clock.sleep(1_000, never);
  await Promise.all(mappings.map((mapping) => mapping.stop()));
  return { soaks, shards: 4 + 2 * splits };
}
