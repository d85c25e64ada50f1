import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BitcoinDevChain } from './index.js';
import { RpcError } from './rpc-error.js';
import { RpcServer } from './rpc-server.js';

describe('the RPC door', () => {
  let server: RpcServer;
  beforeAll(async () => {
    const methods = {
      echo: { params: ['value'], run: (args: { list(name: string): readonly unknown[] }) => args.list('value').length },
      refuse: {
        params: [],
        run: () => {
          throw new RpcError(-8, 'no');
        },
      },
    };
    server = await RpcServer.listen({ port: 0, host: '127.0.0.1', user: 'us:er', password: 'pässword/', methods });
  });
  afterAll(() => server.close());

  function ask(body: string, { method = 'POST', credentials = 'us:er:pässword/' } = {}): Promise<Response> {
    const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
    return fetch(new URL(server.url).origin, {
      method,
      headers: { authorization },
      ...(method === 'POST' ? { body } : {}),
    });
  }

  it('carries its credentials in its URL', () => {
    const { username, password } = new URL(server.url);
    expect([username, password].map(decodeURIComponent)).toEqual(['us:er', 'pässword/']);
  });

  it('does not open to other machines behind a password that everybody knows', async () => {
    await expect(BitcoinDevChain.start({ host: '0.0.0.0' })).rejects.toThrow('BITCOIN_RPC_PASSWORD');
  });

  it('takes POST only, and nobody without the whole password', async () => {
    expect((await ask('', { method: 'GET' })).status).toBe(405);
    for (const credentials of ['us:er:', 'us:er:pässword', ':', 'us:er:pässword//']) {
      expect((await ask('{}', { credentials })).status).toBe(401);
    }
  });

  it('stops reading a body that is too long', async () => {
    const long = ask(`{"method":"echo","params":["${'a'.repeat(5_000_000)}"]}`);
    // The answer may be overtaken by the closing of the connection.
    const status = await long.then(
      (response) => response.status,
      () => 413,
    );
    expect(status).toBe(413);
  });

  it('bounds a batch, and answers nothing to notifications', async () => {
    const call = '{"jsonrpc":"2.0","method":"refuse","params":[]}';
    expect((await ask(call)).status).toBe(204);
    expect((await ask(`[${call},${call}]`)).status).toBe(204);
    const many = await ask(`[${Array(1_001).fill('{"method":"refuse","id":1}').join(',')}]`);
    expect(await many.json()).toMatchObject({ error: { code: -32600 } });
    expect(await (await ask('[]')).json()).toEqual([]);
  });

  it('answers whatever is sent with an error object, and stays up', async () => {
    for (const body of [
      'null',
      '1',
      '"x"',
      '{"method":1,"id":1}',
      '{"method":"__proto__","id":1}',
      '{"method":"toString","id":1}',
    ]) {
      expect(await (await ask(body)).json()).toMatchObject({ error: { code: expect.any(Number) } });
    }
    for (const params of ['"x"', '1', '[[],1]', '{"other":1}', '{"value":1}']) {
      expect(await (await ask(`{"method":"echo","params":${params},"id":7}`)).json()).toMatchObject({
        result: null,
        id: 7,
      });
    }
    expect(await (await ask('{"method":"echo","params":[[1,2]],"id":7}')).json()).toEqual({
      result: 2,
      error: null,
      id: 7,
    });
  });
});
