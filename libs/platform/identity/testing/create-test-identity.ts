import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock } from '@base/clock';
import { Secret } from '@base/config';
import { type Database } from '@base/database';
import { Jobs, Outbox } from '@base/jobs';
import { createLogger } from '@base/observability';
import { Audit } from '@platform/audit';
import {
  emailSealer,
  listMailbox,
  type ReceivedEmail,
  registerEmailJobs,
  SandboxMailbox,
  SendEmail,
} from '@platform/notifications';
import {
  createIdentity,
  type Identity,
  type IdentitySettings,
  type IssuedSession,
  type Origin,
  PasswordHasher,
} from '@platform/identity';

const MAIL_WITHIN_MS = 60_000;

/** Good by the policy. */
export const SPEC_PASSWORD = 'kestrel lantern osier';

export const SPEC_ORIGIN: Origin = { address: '203.0.113.9', device: 'spec' };

/** Seals what `createTestIdentity` writes; a process on the same database needs the same. */
export const SPEC_TOKEN_KEY = new Secret('token-key-of-the-specs-0001');

export interface TestIdentity extends Identity {
  /** The newest message to the address, after everything waiting was sent. */
  mailTo(address: string): Promise<ReceivedEmail>;
  /** Every message to the address, newest first. */
  mailsTo(address: string): Promise<ReceivedEmail[]>;
  /** A customer who has confirmed the address; answers the id. */
  signUp(email: string, password?: string): Promise<string>;
  /** A session of a customer. */
  signIn(email: string, password?: string): Promise<IssuedSession>;
  /** An operator who has accepted the invitation; answers the id. */
  hire(
    email: string,
    roles: readonly Parameters<Identity['manageOperators']['setRoles']>[1]['roles'][number][],
  ): Promise<string>;
}

/** The whole of identity on one database, with a mailbox that can be read and hashes that cost little. */
export function createTestIdentity(
  database: Database,
  clock: Clock,
  settings: Partial<IdentitySettings> = {},
): TestIdentity {
  const tokenKey = SPEC_TOKEN_KEY;
  const sealer = emailSealer({ tokenKey });
  const jobs = new Jobs({ database, clock, logger: createLogger('spec', 'silent') });
  registerEmailJobs(jobs, { database, clock, sealer, mailer: new SandboxMailbox(database, clock) });
  const identity = createIdentity(
    { database, clock, audit: new Audit(clock), sendEmail: new SendEmail(new Outbox(database, clock), sealer, clock) },
    {
      tokenKey,
      publicUrl: 'https://strongroom.example',
      sharedNetwork: false,
      equalTimeMs: 1,
      hasher: new PasswordHasher({ memoryCost: 256, concurrency: 2, queue: 512 }),
      ...settings,
    },
  );

  const mailsTo = async (address: string): Promise<ReceivedEmail[]> => {
    await jobs.runPending();
    return listMailbox(database, address, 50);
  };
  // Two sign-ups at once run each other's jobs: the mail asked for may be in the other's hands for a moment.
  const mailTo = async (address: string): Promise<ReceivedEmail> => {
    for (const deadline = performance.now() + MAIL_WITHIN_MS; ; await sleep(10)) {
      const [newest] = await mailsTo(address);
      if (newest) return newest;
      if (performance.now() > deadline) throw new Error(`nothing was sent to ${address}`);
    }
  };
  const tokenTo = async (address: string): Promise<string> => (await mailTo(address)).variables['token'] ?? '';

  return {
    ...identity,
    mailTo,
    mailsTo,
    signUp: async (email, password = SPEC_PASSWORD) => {
      await identity.registerCustomer.run({ email, password, origin: SPEC_ORIGIN });
      await identity.verifyEmail.run(await tokenTo(email));
      const { id } = await database.one<{ id: string }>(
        `SELECT id FROM identity.principal WHERE realm = 'customer' AND email = $1`,
        [email],
      );
      return id;
    },
    signIn: (email, password = SPEC_PASSWORD) =>
      identity.logIn.run({ realm: 'customer', email, password, origin: SPEC_ORIGIN }),
    hire: async (email, roles) => {
      const order = { actor: { kind: 'system' }, origin: undefined } as const;
      const { id } = await database.transaction((tx) =>
        identity.manageOperators.invite(tx, { email, displayName: email.replace(/@.*/, ''), roles }, order),
      );
      await identity.manageOperators.acceptInvitation({
        token: await tokenTo(email),
        password: SPEC_PASSWORD,
        origin: SPEC_ORIGIN,
      });
      return id;
    },
  };
}
