import { z } from 'zod';
import { ConfigurationError, loadConfig } from '@base/config';
import { openProcess, processConfig, runMain } from '@base/process';
import { Audit } from '@platform/audit';
import { createIdentity, emailSchema, hasOperators } from '@platform/identity';
import { emailSealer, SendEmail } from '@platform/notifications';

/**
 * `node dist/apps/admin/invite-first-admin.js ada@example.com "Ada Lovelace"`: a new installation has nobody who could let anybody in. It
 * invites one administrator by e-mail, works only while there is no operator at all, and is on record like every invitation.
 */
await runMain(async () => {
  const given = z.tuple([emailSchema(), z.string().trim().min(1).max(80)]).safeParse(process.argv.slice(2));
  if (!given.success) throw new ConfigurationError('usage: invite-first-admin <e-mail address> <name>');
  const [email, displayName] = given.data;
  const config = loadConfig({ ...processConfig, API_PUBLIC_URL: z.url({ protocol: /^https?$/ }) });
  const parts = await openProcess('invite-first-admin', config, { connections: 2 });
  try {
    const { database, clock, outbox } = parts;
    const keys = { tokenKey: config.TOKEN_KEY, previousTokenKey: config.TOKEN_KEY_PREVIOUS };
    const { manageOperators } = createIdentity(
      { database, clock, audit: new Audit(clock), sendEmail: new SendEmail(outbox, emailSealer(keys), clock) },
      { ...keys, publicUrl: config.API_PUBLIC_URL, sharedNetwork: false },
    );
    await database.transaction(async (tx) => {
      // One at a time: of two who start this together, the second finds an operator.
      await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', ['identity.first-admin']);
      if (await hasOperators(tx))
        throw new ConfigurationError('there is an operator already: an administrator invites others');
      await manageOperators.invite(
        tx,
        { email, displayName, roles: ['admin'] },
        { actor: { kind: 'system' }, origin: undefined },
      );
    });
    process.stdout.write(`An invitation is on its way to ${email}; it holds for 48 hours.\n`);
  } finally {
    await parts.close();
  }
});
