import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigurationError } from '@base/config';
import { AnchorSigner, FileAnchorStore, readAuditHead } from '@platform/audit';
import { PurgeExpired } from '@platform/identity';
import { emailSealer, type Mailer, registerEmailJobs, SandboxMailbox, SmtpMailer } from '@platform/notifications';
import { type WorkerParts } from './worker.js';

const MINUTE_MS = 60_000;

/** Messages out, old sessions away, and the audit's end sealed outside of the database every minute. */
export async function registerIdentityWork(parts: WorkerParts): Promise<void> {
  const { config, database, clock, jobs } = parts;
  const sealer = emailSealer({ tokenKey: config.TOKEN_KEY, previousTokenKey: config.TOKEN_KEY_PREVIOUS });
  registerEmailJobs(jobs, { database, clock, sealer, mailer: mailerOf(parts) });

  const purge = new PurgeExpired(database, clock);
  jobs.every({
    kind: 'identity.purge-expired',
    everyMs: 10 * MINUTE_MS,
    run: async () => {
      while ((await purge.run()) > 0);
    },
  });

  const signer = new AnchorSigner(config.TOKEN_KEY);
  const anchors = new FileAnchorStore(config.AUDIT_ANCHOR_FILE);
  await mkdir(dirname(config.AUDIT_ANCHOR_FILE), { recursive: true });
  jobs.every({
    kind: 'audit.seal-head',
    everyMs: MINUTE_MS,
    run: async () => {
      const head = await readAuditHead(database);
      const last = (await anchors.read()).at(-1);
      if (head.sequence > (last?.sequence ?? 0n)) await anchors.append(signer.sign(head, clock.now()));
    },
  });
}

function mailerOf({ config, database, clock }: WorkerParts): Mailer {
  if (config.SMTP_URL) return new SmtpMailer({ url: config.SMTP_URL, from: config.MAIL_FROM });
  if (config.SANDBOX) return new SandboxMailbox(database, clock);
  throw new ConfigurationError(
    'The environment is not complete (docs/configuration.md):\n  SMTP_URL: nobody gets mail without it',
  );
}
