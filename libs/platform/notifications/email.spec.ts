import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server, type Socket } from 'node:net';
import { type AddressInfo } from 'node:net';
import { ManualClock } from '@base/clock';
import { Secret } from '@base/config';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { Jobs, Outbox } from '@base/jobs';
import { createLogger } from '@base/observability';
import {
  type Email,
  emailSealer,
  listMailbox,
  type Mailer,
  registerEmailJobs,
  SandboxMailbox,
  SendEmail,
  SmtpMailer,
} from './index.js';

const CANARY = 'sro_canary-7731';
const letter: Email = {
  to: 'ada@example.com',
  subject: 'Hello',
  body: `Your token is ${CANARY}.\n`,
  variables: { token: CANARY },
};
const sealer = emailSealer({ tokenKey: new Secret('the-token-key-of-this-spec') });
const clock = new ManualClock();

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const jobsWith = (mailer: Mailer): Jobs => {
  const jobs = new Jobs({ database: db.app, clock, logger: createLogger('spec', 'silent') });
  registerEmailJobs(jobs, { database: db.app, mailer, sealer, clock });
  return jobs;
};
const sendEmail = (): SendEmail => new SendEmail(new Outbox(db.app, clock), sealer, clock);

describe('a message', () => {
  it('goes out once the transaction that wrote it has committed, and not before', async () => {
    const jobs = jobsWith(new SandboxMailbox(db.app, clock));
    const undone = db.app.transaction(async (tx) => {
      await sendEmail().run(tx, letter);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await jobs.runPending();
    expect(await listMailbox(db.app, letter.to, 9)).toEqual([]);

    await db.app.transaction((tx) => sendEmail().run(tx, letter));
    await jobs.runPending();
    expect(await listMailbox(db.app, letter.to, 9)).toMatchObject([letter]);
  });

  it('J1: stands nowhere in clear while it waits, and is forgotten when it went out', async () => {
    await db.app.transaction((tx) => sendEmail().run(tx, letter));
    const dump = async (): Promise<string> =>
      JSON.stringify(
        await db.owner.query(
          'SELECT row_to_json(o) AS row FROM base.outbox o UNION ALL SELECT row_to_json(e) FROM notifications.email e',
        ),
      );
    expect(await dump()).not.toContain('canary');
    const sent: Email[] = [];
    await jobsWith({ deliver: (_id, email) => Promise.resolve(void sent.push(email)) }).runPending();
    expect(sent).toEqual([letter]);
    expect(await db.owner.query('SELECT 1 FROM notifications.email WHERE sealed IS NOT NULL')).toEqual([]);
  });

  it('is tried again when the other side fails, and delivered once by id although the job ran twice', async () => {
    let failures = 2;
    const ids: string[] = [];
    const flaky: Mailer = {
      deliver: (id) => {
        ids.push(id);
        failures -= 1;
        return failures >= 0 ? Promise.reject(new Error('451 try later')) : Promise.resolve();
      },
    };
    await db.app.transaction((tx) => sendEmail().run(tx, letter));
    const jobs = jobsWith(flaky);
    for (let hour = 0; hour < 3; hour += 1) {
      await jobs.runPending();
      clock.advance(3_600_000);
    }
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);

    const mailbox = new SandboxMailbox(db.app, clock);
    const [id = ''] = ids;
    await Promise.all([
      mailbox.deliver(id, { ...letter, to: 'twice@example.com' }),
      mailbox.deliver(id, { ...letter, to: 'twice@example.com' }),
    ]);
    expect(await listMailbox(db.app, 'twice@example.com', 9)).toHaveLength(1);
  });
});

describe('SMTP', () => {
  let server: Server;
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  /** Just enough of RFC 5321 to take one message and say what came over the wire. */
  const listen = async (answerToData = '250 taken'): Promise<{ url: Secret; wire: string[] }> => {
    const wire: string[] = [];
    server = createServer((socket: Socket) => {
      let inData = false;
      socket.on('error', () => undefined);
      socket.write('220 spec\r\n');
      socket.on('data', (chunk) => {
        for (const line of chunk
          .toString()
          .split('\r\n')
          .filter((each) => each !== '')) {
          wire.push(line);
          if (inData && line !== '.') continue;
          if (inData) inData = false;
          else if (line === 'DATA') inData = true;
          const answers: Record<string, string> = { DATA: '354 go on', '.': answerToData, QUIT: '221 bye' };
          socket.write(`${answers[line] ?? '250 fine'}\r\n`);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: new Secret(`smtp://127.0.0.1:${(server.address() as AddressInfo).port}`), wire };
  };

  it('carries the message, with an id made of ours', async () => {
    const { url, wire } = await listen();
    await new SmtpMailer({ url, from: 'Strongroom <no-reply@strongroom.example>' }).deliver('0198-id', letter);
    expect(wire).toEqual(
      expect.arrayContaining([
        'MAIL FROM:<no-reply@strongroom.example>',
        'RCPT TO:<ada@example.com>',
        'Message-ID: <0198-id@strongroom.example>',
        `Your token is ${CANARY}.`,
      ]),
    );
  });

  it('reports a refusal of the server, so that the job tries again', async () => {
    const { url } = await listen('451 try later');
    await expect(new SmtpMailer({ url, from: 'a@b.example' }).deliver('id', letter)).rejects.toThrow('451');
  });

  it('takes an address for one address, whatever stands in it', async () => {
    const { url, wire } = await listen();
    const hostile = { ...letter, to: 'ada@example.com, eve@example.com', subject: 'Hi\r\nBcc: eve@example.com' };
    await new SmtpMailer({ url, from: 'a@b.example' }).deliver('id', hostile).catch(() => undefined);
    expect(wire.filter((line) => /^RCPT TO:<eve/.test(line) || /^Bcc/i.test(line))).toEqual([]);
  });
});
