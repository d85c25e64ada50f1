import { type LinkMessage } from '@core/contracts';

/** What a link that is not a trader's is told: a standby's commands, and whatever else is not the link's own affair. */
export interface Replica {
  /** A whole command of the venue's journal. False: not now, and `resume` says when. */
  onCommand(view: DataView, at: number, length: number): boolean;
  onMessage(message: LinkMessage): void;
}
