/** How long the periods of a schedule are. By UTC: a day has 24 hours, wherever and whenever. */
export type Cadence = 'hour' | 'day' | 'month';

/** A stretch of time, from its start up to and excluding its end. */
export interface Period {
  /** Its start, RFC 3339 in UTC: with the schedule's kind a name for the period, e.g. to make the ids of transfers from. */
  readonly key: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
}

/** The period that starts here and ends at the next boundary; shorter than the others where `startsAt` is none. */
export const periodFrom = (cadence: Cadence, startsAt: Date): Period => ({
  key: startsAt.toISOString(),
  startsAt,
  endsAt: boundaryAfter(cadence, startsAt),
});

/** The boundary at this moment, or the last one before it. */
export function boundaryUpTo(cadence: Cadence, moment: Date): Date {
  const [year, month, day] = [moment.getUTCFullYear(), moment.getUTCMonth(), moment.getUTCDate()];
  switch (cadence) {
    case 'hour':
      return utc(year, month, day, moment.getUTCHours());
    case 'day':
      return utc(year, month, day);
    case 'month':
      return utc(year, month);
  }
}

function boundaryAfter(cadence: Cadence, moment: Date): Date {
  const [year, month, day] = [moment.getUTCFullYear(), moment.getUTCMonth(), moment.getUTCDate()];
  switch (cadence) {
    case 'hour':
      return utc(year, month, day, moment.getUTCHours() + 1);
    case 'day':
      return utc(year, month, day + 1);
    case 'month':
      return utc(year, month + 1);
  }
}

const utc = (year: number, month: number, day = 1, hour = 0): Date => new Date(Date.UTC(year, month, day, hour));
