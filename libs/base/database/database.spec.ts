import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '@base/config';
import { CommitUnknown, Database, DatabaseBusy, DatabaseUnavailable, sqlState, uuidV5, uuidV7 } from './index.js';
import { createTestDatabase, type TestDatabase } from './testing/index.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ max: 4 });
  await database.owner.query('CREATE TABLE counter (id int PRIMARY KEY, value numeric(78,0) NOT NULL)');
  await database.owner.query('GRANT SELECT, INSERT, UPDATE ON counter TO strongroom_app');
  await database.owner.query('INSERT INTO counter VALUES (1, 0), (2, 0)');
});

afterAll(() => database.drop());

const value = async (id: number): Promise<bigint> =>
  (await database.app.one<{ value: bigint }>('SELECT value FROM counter WHERE id = $1', [id])).value;

const add = 'UPDATE counter SET value = value + 1 WHERE id = $1';

describe('a transaction', () => {
  it('commits what its work did, and nothing when the work throws', async () => {
    await database.app.transaction((tx) => tx.query(add, [1]));
    const before = await value(1);
    await expect(
      database.app.transaction(async (tx) => {
        await tx.query(add, [1]);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await value(1)).toBe(before);
  });

  it('B4: runs again after a deadlock until it goes through', async () => {
    const before = (await value(1)) + (await value(2));
    const crosswise = async (first: number, second: number): Promise<void> =>
      database.app.transaction(async (tx) => {
        await tx.query(add, [first]);
        await new Promise((resume) => setTimeout(resume, 20));
        await tx.query(add, [second]);
      });
    await Promise.all([crosswise(1, 2), crosswise(2, 1)]);
    expect((await value(1)) + (await value(2))).toBe(before + 4n);
  });

  it('B4: answers busy, not an error of the server, when the deadline passes', async () => {
    const conflict = database.app.transaction((tx) => tx.query("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"), {
      deadlineMs: 60,
    });
    await expect(conflict).rejects.toBeInstanceOf(DatabaseBusy);
  });

  it('refuses to commit when an error inside was swallowed', async () => {
    const swallowed = database.app.transaction(async (tx) => {
      await tx.query(add, [1]);
      await tx.query('SELECT 1/0').catch(() => undefined);
    });
    await expect(swallowed).rejects.toThrow('already aborted');
  });

  it('is dead after its end, and runs what waits for the commit only then', async () => {
    const order: string[] = [];
    const leaked = await database.app.transaction((tx) => {
      tx.afterCommit(() => order.push('after'));
      order.push('inside');
      return Promise.resolve(tx);
    });
    expect(order).toEqual(['inside', 'after']);
    await expect(leaked.query('SELECT 1')).rejects.toThrow('has ended');
  });
});

describe('a lost connection', () => {
  const killMe = async (pid: number): Promise<void> => {
    await database.owner.query('SELECT pg_terminate_backend($1)', [pid]);
  };
  const pid = 'SELECT pg_backend_pid() AS pid';

  it('B2: a checked-out client that loses its server is an error of the call; the process goes on', async () => {
    const lost = database.app.transaction(async (tx) => {
      await killMe((await tx.one<{ pid: number }>(pid)).pid);
      await new Promise((resume) => setTimeout(resume, 50));
      await tx.query('SELECT 1');
    });
    await expect(lost).rejects.toBeInstanceOf(DatabaseUnavailable);
    expect(await database.app.one('SELECT 1 AS one')).toEqual({ one: 1 });
  });

  it('B3: a connection that dies at COMMIT is an unknown outcome, never a plain failure', async () => {
    await database.owner.query(`
      CREATE FUNCTION die_at_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$;
      CREATE TABLE doomed (id int);
      CREATE CONSTRAINT TRIGGER die AFTER INSERT ON doomed DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die_at_commit();
      GRANT INSERT ON doomed TO strongroom_app`);
    await expect(database.app.transaction((tx) => tx.query('INSERT INTO doomed VALUES (1)'))).rejects.toBeInstanceOf(
      CommitUnknown,
    );
  });

  it('B5: a caller that finds no free connection in time is told so', async () => {
    const small = new Database({ url: database.appUrl, applicationName: 'small', max: 1, acquireTimeoutMs: 2_000 });
    // Holds the one connection until the other caller has his answer, however slow the machine is.
    await small.transaction(async (tx) => {
      await tx.query('SELECT 1');
      await expect(small.query('SELECT 1')).rejects.toBeInstanceOf(DatabaseUnavailable);
    });
    expect(await small.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await small.close();
  });

  it('B6: a transaction left idle is ended by the server and frees its locks', async () => {
    const lazy = new Database({
      url: database.appUrl,
      applicationName: 'lazy',
      max: 1,
      idleInTransactionTimeoutMs: 60,
    });
    const idle = lazy.transaction(async (tx) => {
      await tx.query(add, [1]);
      await new Promise((resume) => setTimeout(resume, 250));
      await tx.query(add, [1]);
    });
    await expect(idle).rejects.toBeInstanceOf(DatabaseUnavailable);
    await database.app.query(add, [1]);
    await lazy.close();
  });

  it('a server that is not there is unavailable', async () => {
    const nowhere = new Database({ url: new Secret('postgres://nobody@127.0.0.1:1/none'), applicationName: 'nowhere' });
    await expect(nowhere.query('SELECT 1')).rejects.toBeInstanceOf(DatabaseUnavailable);
    await nowhere.close();
  });
});

describe('exact types', () => {
  it('E5: numeric and int8 are bigint at every size, one and many', async () => {
    const row = await database.app.one(
      `SELECT 115792089237316195423570985008687907853269984665640564039457584007913129639935::numeric(78,0) AS wei,
              9223372036854775807::int8 AS big, ARRAY[1, NULL, 3]::numeric[] AS many`,
    );
    expect(row).toEqual({ wei: 2n ** 256n - 1n, big: 2n ** 63n - 1n, many: [1n, null, 3n] });
  });

  it('B9: NaN is not an amount', async () => {
    await expect(database.app.query("SELECT 'NaN'::numeric AS amount")).rejects.toThrow();
  });
});

describe('ids', () => {
  it('version 7 sorts by time; version 5 is the same for the same parts and tells parts apart', () => {
    expect([uuidV7(2), uuidV7(1)].sort()[0]?.slice(0, 13)).toBe('00000000-0001');
    expect(uuidV5('a', 'bc')).toBe(uuidV5('a', 'bc'));
    expect(uuidV5('a', 'bc')).not.toBe(uuidV5('ab', 'c'));
    expect(uuidV5('x')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab]/);
  });

  it('B8: history refuses the application, by grant', async () => {
    const refused = await database.app.query('DELETE FROM base.event').catch(sqlState);
    expect(refused).toBe('42501');
  });
});
