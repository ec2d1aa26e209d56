import { createSocket } from "node:dgram";

/** A subsegment as a function sends it. */
export interface Subsegment {
  readonly name: string;
  readonly trace_id: string;
  readonly parent_id: string;
  readonly end_time?: number;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

/** What stands in a function's environment where X-Ray's daemon would be, and keeps what it is sent. */
export interface XrayDaemon {
  /** `host:port`, as `AWS_XRAY_DAEMON_ADDRESS` has it. */
  readonly address: string;
  readonly received: readonly Subsegment[];
  close(): void;
}

/** Listens on a free port. A packet is one line that names the format, and one line of JSON. */
export async function startXrayDaemon(): Promise<XrayDaemon> {
  const received: Subsegment[] = [];
  const socket = createSocket("udp4", (packet) => {
    received.push(JSON.parse(packet.toString().split("\n")[1] ?? "{}") as Subsegment);
  });
  await new Promise<void>((bound) => socket.bind(0, "127.0.0.1", bound));
  const { port } = socket.address();
  return { address: `127.0.0.1:${port}`, received, close: () => void socket.close() };
}
