import { z } from 'zod';
import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { type Jobs } from '@base/jobs';
import { type Sealer } from '@base/sealing';
import { DeliverEmail } from './deliver-email.js';
import { type Mailer } from './mailer.js';
import { DELIVER_EMAIL } from './send-email.js';

/** What the worker does for e-mail. A message that cannot be delivered is tried for some hours and then shown to operators as a dead job. */
export function registerEmailJobs(
  jobs: Jobs,
  parts: { database: Database; mailer: Mailer; sealer: Sealer; clock: Clock },
): void {
  const deliver = new DeliverEmail(parts.database, parts.mailer, parts.sealer, parts.clock);
  jobs.registerOutside({
    kind: DELIVER_EMAIL,
    schema: z.object({ id: z.uuid() }),
    handle: ({ id }) => deliver.run(id),
    maxAttempts: 30,
  });
}
