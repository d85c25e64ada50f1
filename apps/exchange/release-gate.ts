/**
 * Decides when events may leave. The local disk tells it what is durable; it tells the venue, in `open`, up to which command everything may be
 * released. It never steps back. A synchronous standby is another gate: the lower of what is durable here and acknowledged there.
 */
export interface ReleaseGate {
  /** The local journal is durable up to `sequence`. */
  durable(sequence: number): void;
}

export type MakeReleaseGate = (open: (sequence: number) => void) => ReleaseGate;

/** What is durable here may leave. */
export const localGate: MakeReleaseGate = (open) => ({ durable: open });
