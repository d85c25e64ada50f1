export type JournalFaultCode =
  /** A record that was acknowledged is damaged or missing; `segment` and `offset` say where. */
  | 'damaged'
  /** Another process has the folder open. */
  | 'locked'
  /** A newer epoch has been claimed: this process may not write or release anything any more. */
  | 'fenced'
  /** The disk failed; what it holds is known only after a restart. */
  | 'disk_failed'
  /** The folder holds segments and no readable mark. */
  | 'mark_missing'
  /** Written by a version of this library that this one does not know. */
  | 'unknown_version'
  /** Neither a sound snapshot nor the records from the beginning are there. */
  | 'no_starting_point';

/** Why a journal cannot be opened or continued. Nothing was changed on disk. */
export class JournalFault extends Error {
  override readonly name = 'JournalFault';

  readonly segment: string | undefined;
  /** In the segment's file. */
  readonly offset: number | undefined;

  constructor(
    readonly code: JournalFaultCode,
    message: string,
    at: { readonly segment?: string; readonly offset?: number; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: at.cause });
    this.segment = at.segment;
    this.offset = at.offset;
  }
}
