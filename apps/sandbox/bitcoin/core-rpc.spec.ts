/**
 * What the platform may expect of its Bitcoin node. Runs against the dev chain; with BITCOIN_RPC_URL set, against that
 * node instead (Bitcoin Core 28 or later, an empty regtest), so that the dev chain is held to what Core really answers.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callNode } from '@platform/chains/testing';
import { BitcoinDevChain } from './index.js';
import { NOWHERE, RegtestWallet, type Rpc, type SpecTransaction } from './testing/regtest-wallet.js';

const external = process.env['BITCOIN_RPC_URL'];

interface Verdict {
  readonly allowed: boolean;
  readonly vsize?: number;
  readonly fees?: { readonly base: number };
  readonly 'reject-reason'?: string;
}

describe(`Bitcoin Core’s contract, kept by ${external ? 'the node at BITCOIN_RPC_URL' : 'the dev chain'}`, () => {
  let chain: BitcoinDevChain | undefined;
  let url: string;
  let wallet: RegtestWallet;

  const rpc: Rpc = (method, ...params) => callNode(url, method, params);
  const send = ({ hex }: SpecTransaction): Promise<string> => rpc('sendrawtransaction', hex);
  const mine = async (): Promise<string> => (await rpc<[string]>('generatetoaddress', 1, NOWHERE))[0];
  const judge = async (tx: SpecTransaction): Promise<Verdict> => {
    const [verdict] = await rpc<[Verdict]>('testmempoolaccept', [tx.hex]);
    return verdict;
  };

  beforeAll(async () => {
    if (!external) chain = await BitcoinDevChain.start();
    url = external ?? chain!.url;
    wallet = await RegtestWallet.funded(rpc, 40);
  });
  afterAll(() => chain?.close());

  describe('broadcasting', () => {
    it('answers with the txid, and again while the transaction waits in the mempool', async () => {
      const tx = wallet.sweep(wallet.take(), 1_000n);
      expect(await send(tx)).toBe(tx.txid);
      expect(await send(tx)).toBe(tx.txid);
      expect(await rpc('getrawmempool')).toContain(tx.txid);
    });

    it('refuses a mined transaction with −27 while its outputs are unspent', async () => {
      const tx = wallet.sweep(wallet.take(), 1_000n);
      await send(tx);
      await mine();
      const refusal = { code: -27, message: 'Transaction outputs already in utxo set' };
      await expect(send(tx)).rejects.toMatchObject(refusal);
    });

    it('refuses unknown inputs with −25, which a parent that arrives late cures', async () => {
      const parent = wallet.sweep(wallet.take(), 1_000n);
      const child = wallet.sweep(parent.coins[0]!, 1_000n);
      const refusal = { code: -25, message: 'bad-txns-inputs-missingorspent' };
      await expect(send(child)).rejects.toMatchObject(refusal);
      await send(parent);
      expect(await send(child)).toBe(child.txid);
    });

    it('refuses a spend of a coin that was spent in a block with −25', async () => {
      const coin = wallet.take();
      await send(wallet.sweep(coin, 1_000n));
      await mine();
      await expect(send(wallet.sweep(coin, 5_000n))).rejects.toMatchObject({ code: -25 });
    });

    it('refuses a fee above maxfeerate with −25, and takes it when the limit is lifted', async () => {
      const tx = wallet.sweep(wallet.take(), 10_000_000n);
      const refusal = { code: -25, message: expect.stringContaining('Fee exceeds maximum configured') };
      await expect(send(tx)).rejects.toMatchObject(refusal);
      expect(await rpc('sendrawtransaction', tx.hex, 0)).toBe(tx.txid);
    });

    it('refuses a fee below the relay minimum with −26', async () => {
      const tx = wallet.sweep(wallet.take(), 10n);
      const refusal = { code: -26, message: expect.stringContaining('min relay fee not met') };
      await expect(send(tx)).rejects.toMatchObject(refusal);
    });

    it('refuses 293 satoshi to a P2WPKH output as dust, and takes 294', async () => {
      const coin = wallet.take();
      const paying = (amount: bigint): SpecTransaction =>
        wallet.sign({
          coins: [coin],
          outputs: [
            { script: wallet.script, amount },
            { script: wallet.script, amount: coin.amount - amount - 1_000n },
          ],
        });
      await expect(send(paying(293n))).rejects.toMatchObject({ code: -26, message: expect.stringContaining('dust') });
      await send(paying(294n));
    });

    it('refuses a wrong signature with −26', async () => {
      const coin = wallet.take();
      const lying = { ...coin, amount: coin.amount - 1n };
      const refusal = { code: -26, message: expect.stringContaining('script-verify-flag') };
      await expect(send(wallet.sweep(lying, 1_000n))).rejects.toMatchObject(refusal);
    });

    it('refuses an output worth more than the inputs with −26', async () => {
      const coin = wallet.take();
      const lying = { ...coin, amount: coin.amount + 2_000n };
      const refusal = { code: -26, message: expect.stringContaining('bad-txns-in-belowout') };
      await expect(send(wallet.sweep(lying, 1_000n))).rejects.toMatchObject(refusal);
    });

    it('refuses a lock-time in the future with −26', async () => {
      const lockTime = (await rpc<number>('getblockcount')) + 10;
      const tx = wallet.sweep(wallet.take(), 1_000n, { lockTime, sequence: 0xfffffffe });
      await expect(send(tx)).rejects.toMatchObject({ code: -26, message: 'non-final' });
    });

    it('refuses a coinbase younger than 100 blocks with −26', async () => {
      const young = new RegtestWallet();
      const [hash] = await rpc<[string]>('generatetoaddress', 1, young.address);
      const { tx } = await rpc<{ tx: { txid: string; vout: { value: number }[] }[] }>('getblock', hash, 2);
      const amount = BigInt(Math.round(tx[0]!.vout[0]!.value * 1e8));
      const spend = young.sweep({ txid: tx[0]!.txid, index: 0, amount, script: young.script }, 1_000n);
      const refusal = { code: -26, message: expect.stringContaining('bad-txns-premature-spend-of-coinbase') };
      await expect(send(spend)).rejects.toMatchObject(refusal);
    });

    it('refuses what is no transaction with −22', async () => {
      await expect(rpc('sendrawtransaction', '00ff')).rejects.toMatchObject({ code: -22 });
      await expect(rpc('sendrawtransaction', 'xyz')).rejects.toMatchObject({ code: -22 });
    });
  });

  describe('replacing', () => {
    it('takes a better-paying double spend even of a transaction that did not signal', async () => {
      const coin = wallet.take();
      const first = wallet.sweep(coin, 1_000n, { sequence: 0xffffffff });
      const second = wallet.sweep(coin, 3_000n, { sequence: 0xffffffff });
      await send(first);
      expect(await send(second)).toBe(second.txid);
      await expect(rpc('getmempoolentry', first.txid)).rejects.toMatchObject({ code: -5 });
    });

    it('refuses a cheaper or barely better one with −26 insufficient fee', async () => {
      const coin = wallet.take();
      await send(wallet.sweep(coin, 2_000n));
      const refusal = { code: -26, message: expect.stringMatching(/^insufficient fee, rejecting replacement/) };
      await expect(send(wallet.sweep(coin, 1_500n))).rejects.toMatchObject(refusal);
      await expect(send(wallet.sweep(coin, 2_050n))).rejects.toMatchObject(refusal);
    });

    it('refuses the old transaction after it was replaced, as insufficient fee', async () => {
      const coin = wallet.take();
      const old = wallet.sweep(coin, 1_000n);
      await send(old);
      await send(wallet.sweep(coin, 5_000n));
      const refusal = { code: -26, message: expect.stringContaining('insufficient fee') };
      await expect(send(old)).rejects.toMatchObject(refusal);
    });

    it('drops the children of what was replaced', async () => {
      const coin = wallet.take();
      const parent = wallet.sweep(coin, 1_000n);
      const child = wallet.sweep(parent.coins[0]!, 1_000n);
      await send(parent);
      await send(child);
      await send(wallet.sweep(coin, 10_000n));
      expect(await rpc('getrawmempool')).not.toContain(child.txid);
    });
  });

  describe('testing acceptance', () => {
    it('tells size and fee of what it would take, and takes nothing', async () => {
      const tx = wallet.sweep(wallet.take(), 1_234n);
      expect(await judge(tx)).toMatchObject({ allowed: true, vsize: tx.vsize, fees: { base: 0.00001234 } });
      await expect(rpc('getmempoolentry', tx.txid)).rejects.toMatchObject({
        code: -5,
        message: 'Transaction not in mempool',
      });
    });

    it('tells the reason of what it would refuse', async () => {
      const coin = wallet.take();
      expect(await judge(wallet.sweep(coin, 10n))).toMatchObject({
        allowed: false,
        'reject-reason': 'min relay fee not met',
      });
      const orphan = wallet.sweep(wallet.sweep(coin, 1_000n).coins[0]!, 1_000n);
      expect(await judge(orphan)).toMatchObject({ allowed: false, 'reject-reason': 'missing-inputs' });
      expect(await judge(wallet.sweep(coin, 30_000_000n))).toMatchObject({ 'reject-reason': 'max-fee-exceeded' });
      const sent = wallet.sweep(coin, 1_000n);
      await send(sent);
      expect(await judge(sent)).toMatchObject({ 'reject-reason': 'txn-already-in-mempool' });
    });

    it('judges a list in order, each on top of those before', async () => {
      const parent = wallet.sweep(wallet.take(), 1_000n);
      const child = wallet.sweep(parent.coins[0]!, 1_000n);
      const verdicts = await rpc<Verdict[]>('testmempoolaccept', [parent.hex, child.hex]);
      expect(verdicts.map(({ allowed }) => allowed)).toEqual([true, true]);
      expect(await rpc('getrawmempool')).not.toContain(parent.txid);
    });
  });

  describe('the mempool', () => {
    it('counts ancestors and descendants and their fees', async () => {
      const parent = wallet.sweep(wallet.take(), 1_000n);
      const child = wallet.sweep(parent.coins[0]!, 3_000n);
      await send(parent);
      await send(child);
      expect(await rpc('getmempoolentry', parent.txid)).toMatchObject({
        vsize: parent.vsize,
        ancestorcount: 1,
        descendantcount: 2,
        descendantsize: parent.vsize + child.vsize,
        fees: { base: 0.00001, modified: 0.00001, ancestor: 0.00001, descendant: 0.00004 },
        depends: [],
        spentby: [child.txid],
      });
      expect(await rpc('getmempoolentry', child.txid)).toMatchObject({
        ancestorcount: 2,
        fees: { base: 0.00003, ancestor: 0.00004 },
        depends: [parent.txid],
      });
      expect(await rpc('getrawmempool', true)).toHaveProperty([child.txid, 'ancestorcount'], 2);
    });

    it('refuses the 26th transaction of a chain', async () => {
      let tx = wallet.sweep(wallet.take(), 200n);
      await send(tx);
      for (let i = 1; i < 25; i += 1) await send((tx = wallet.sweep(tx.coins[0]!, 200n)));
      const refusal = { code: -26, message: expect.stringContaining('too-long-mempool-chain') };
      await expect(send(wallet.sweep(tx.coins[0]!, 200n))).rejects.toMatchObject(refusal);
    });

    it('shows and spends outputs before they are mined', async () => {
      const coin = wallet.take();
      const tx = wallet.sweep(coin, 1_000n);
      expect(await rpc('gettxout', coin.txid, coin.index)).toMatchObject({ coinbase: true });
      await send(tx);
      expect(await rpc('gettxout', coin.txid, coin.index)).toBeNull();
      expect(await rpc('gettxout', coin.txid, coin.index, false)).toMatchObject({ coinbase: true });
      expect(await rpc('gettxout', tx.txid, 0)).toMatchObject({ confirmations: 0, coinbase: false });
      expect(await rpc('gettxout', tx.txid, 0, false)).toBeNull();
      expect(await rpc('gettxout', tx.txid, 7)).toBeNull();
    });
  });

  describe('blocks', () => {
    it('shows one at every verbosity, with its transactions, addresses and fees', async () => {
      const coin = wallet.take();
      const tx = wallet.sweep(coin, 1_000n);
      await send(tx);
      const hash = await mine();
      const height = await rpc<number>('getblockcount');
      const previous = await rpc<string>('getblockhash', height - 1);
      const raw = await rpc<string>('getblock', hash, 0);
      expect(raw).toContain(tx.hex);
      const block = await rpc<{ tx: string[]; size: number }>('getblock', hash);
      expect(block).toMatchObject({
        hash,
        height,
        confirmations: 1,
        previousblockhash: previous,
        nTx: block.tx.length,
      });
      expect(block.size).toBe(raw.length / 2);
      const { tx: txs } = await rpc<{ tx: { txid: string }[] }>('getblock', hash, 2);
      const shown = txs.find(({ txid }) => txid === tx.txid);
      expect(shown).toMatchObject({
        fee: 0.00001,
        hex: tx.hex,
        vsize: tx.vsize,
        vin: [{ txid: coin.txid, vout: coin.index, scriptSig: { asm: '', hex: '' }, sequence: 0xffffffff }],
        vout: [{ n: 0, scriptPubKey: { address: wallet.address, type: 'witness_v0_keyhash' } }],
      });
      expect(shown).not.toHaveProperty('vin.0.prevout');
      const detailed = await rpc<{ tx: { txid: string }[] }>('getblock', hash, 3);
      const prevout = { generated: true, scriptPubKey: { address: wallet.address } };
      expect(detailed.tx.find(({ txid }) => txid === tx.txid)).toMatchObject({ vin: [{ prevout }] });
    });

    it('links headers both ways and counts confirmations', async () => {
      const first = await mine();
      const second = await mine();
      const header = await rpc<{ height: number }>('getblockheader', first);
      expect(header).toMatchObject({ hash: first, confirmations: 2, nextblockhash: second });
      expect(await rpc('getblockheader', second)).toMatchObject({ previousblockhash: first, confirmations: 1 });
      expect(await rpc('getblockheader', second, false)).toMatch(/^[0-9a-f]{160}$/);
      expect(await rpc('getblockhash', header.height)).toBe(first);
      expect(await rpc('getbestblockhash')).toBe(second);
    });

    it('finds a transaction by its block, and without it only in the mempool', async () => {
      const tx = wallet.sweep(wallet.take(), 1_000n);
      await send(tx);
      expect(await rpc('getrawtransaction', tx.txid)).toBe(tx.hex);
      expect(await rpc('getrawtransaction', tx.txid, true)).toMatchObject({ txid: tx.txid, hex: tx.hex });
      const hash = await mine();
      expect(await rpc('getrawtransaction', tx.txid, false, hash)).toBe(tx.hex);
      expect(await rpc('getrawtransaction', tx.txid, true, hash)).toMatchObject({
        in_active_chain: true,
        confirmations: 1,
        blockhash: hash,
      });
      await expect(rpc('getrawtransaction', tx.txid)).rejects.toMatchObject({ code: -5 });
    });

    it('mines exactly what it is told, and refuses an invalid block', async () => {
      const coin = wallet.take();
      const tx = wallet.sweep(coin, 0n);
      const { hash } = await rpc<{ hash: string }>('generateblock', NOWHERE, [tx.hex]);
      expect(await rpc('getblock', hash)).toMatchObject({ tx: [expect.any(String), tx.txid] });
      const again = wallet.sweep(coin, 1_000n);
      await expect(rpc('generateblock', NOWHERE, [again.hex])).rejects.toMatchObject({ code: -25 });
      expect(await rpc('getbestblockhash')).toBe(hash);
    });

    it('has codes for what does not exist', async () => {
      const nothing = 'ff'.repeat(32);
      await expect(rpc('getblock', nothing)).rejects.toMatchObject({ code: -5, message: 'Block not found' });
      await expect(rpc('getblockhash', 10_000_000)).rejects.toMatchObject({
        code: -8,
        message: 'Block height out of range',
      });
      await expect(rpc('getblock', 'abc')).rejects.toMatchObject({ code: -8 });
      await expect(rpc('generatetoaddress', 1, 'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq')).rejects.toMatchObject({
        code: -5,
      });
    });
  });

  describe('a reorganization', () => {
    it('puts transactions back into the mempool, without confirmations, and pardons on request', async () => {
      const tx = wallet.sweep(wallet.take(), 1_000n);
      await send(tx);
      const hash = await mine();
      const height = await rpc<number>('getblockcount');
      await rpc('invalidateblock', hash);
      expect(await rpc('getblockcount')).toBe(height - 1);
      expect(await rpc('getrawmempool')).toContain(tx.txid);
      expect(await rpc('getblockheader', hash)).toMatchObject({ confirmations: -1 });
      expect(await rpc('gettxout', tx.txid, 0)).toMatchObject({ confirmations: 0 });
      const tips = await rpc<{ hash: string; status: string }[]>('getchaintips');
      expect(tips.find((tip) => tip.hash === hash)?.status).toBe('invalid');
      await rpc('reconsiderblock', hash);
      expect(await rpc('getbestblockhash')).toBe(hash);
      expect(await rpc('getrawmempool')).not.toContain(tx.txid);
    });

    it('lets a double spend win on the new branch', async () => {
      const coin = wallet.take();
      const paid = wallet.sweep(coin, 1_000n);
      const stolen = wallet.sweep(coin, 2_000n);
      await send(paid);
      const hash = await mine();
      await rpc('invalidateblock', hash);
      await rpc('generateblock', NOWHERE, [stolen.hex]);
      expect(await rpc('gettxout', paid.txid, 0)).toBeNull();
      expect(await rpc('gettxout', stolen.txid, 0)).toMatchObject({ confirmations: 1 });
      expect(await rpc('getrawmempool')).not.toContain(paid.txid);
      await expect(send(paid)).rejects.toMatchObject({ code: -25 });
    });
  });

  describe('the node', () => {
    it('describes its chain', async () => {
      expect(await rpc('getblockchaininfo')).toMatchObject({
        chain: 'regtest',
        blocks: expect.any(Number),
        bestblockhash: expect.stringMatching(/^[0-9a-f]{64}$/),
        initialblockdownload: false,
        pruned: false,
      });
      expect(await rpc('getnetworkinfo')).toMatchObject({ version: expect.any(Number), relayfee: 0.00001 });
      expect(await rpc('getmempoolinfo')).toMatchObject({
        loaded: true,
        mempoolminfee: 0.00001,
        incrementalrelayfee: 0.00001,
      });
      expect(await rpc('uptime')).toEqual(expect.any(Number));
    });

    it('has no fee estimate on a fresh regtest, and says so', async () => {
      expect(await rpc('estimatesmartfee', 6)).toMatchObject({ errors: [expect.any(String)], blocks: 6 });
      await expect(rpc('estimatesmartfee', 0)).rejects.toMatchObject({ code: -8 });
    });
  });

  describe('the door', () => {
    const ask = (body: string, headers: Record<string, string> = {}): Promise<Response> => {
      const { username, password, origin } = new URL(url);
      const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
      return fetch(origin, { method: 'POST', body, headers: { authorization: basic, ...headers } });
    };

    it('answers 401 without credentials and with wrong ones', async () => {
      const call = JSON.stringify({ method: 'getblockcount', params: [], id: 1 });
      const wrong = `Basic ${Buffer.from('sandbox:wrong').toString('base64')}`;
      for (const authorization of ['', wrong]) {
        const response = await ask(call, { authorization });
        expect(response.status).toBe(401);
        expect(response.headers.get('www-authenticate')).toBe('Basic realm="jsonrpc"');
      }
    });

    it('answers a batch as a list in the order asked, errors among results', async () => {
      const call = (id: unknown, method: string, params: unknown[] = []): object => ({ id, method, params });
      const batch = [call(1, 'getblockcount'), call('two', 'getblockhash', [99_999_999]), call(3, 'nonsense')];
      const response = await ask(JSON.stringify(batch));
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual([
        { result: expect.any(Number), error: null, id: 1 },
        { result: null, error: { code: -8, message: 'Block height out of range' }, id: 'two' },
        { result: null, error: { code: -32601, message: 'Method not found' }, id: 3 },
      ]);
    });

    it('maps errors of version 1 to HTTP statuses, and answers version 2.0 with 200', async () => {
      expect((await ask('{"method":"getblockhash","params":[99999999],"id":1}')).status).toBe(500);
      expect((await ask('{"method":"nonsense","params":[],"id":1}')).status).toBe(404);
      expect((await ask('{"params":[],"id":1}')).status).toBe(400);
      const garbled = await ask('{"method":');
      expect(garbled.status).toBe(500);
      expect(await garbled.json()).toMatchObject({ error: { code: -32700 } });
      const modern = await ask('{"jsonrpc":"2.0","method":"nonsense","params":[],"id":1}');
      expect(modern.status).toBe(200);
      expect(await modern.json()).toEqual({
        jsonrpc: '2.0',
        error: { code: -32601, message: 'Method not found' },
        id: 1,
      });
    });

    it('takes parameters by name, and names the type that is wrong', async () => {
      const named = await ask('{"method":"getblockhash","params":{"height":0},"id":1}');
      expect(await named.json()).toMatchObject({
        result: '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
      });
      await expect(rpc('getblockhash', 'zero')).rejects.toMatchObject({ code: -3 });
    });

    it('writes amounts with eight decimals, not as floats', async () => {
      const tx = wallet.sweep(wallet.take(), 1_000n);
      await send(tx);
      const text = await (await ask(JSON.stringify({ method: 'gettxout', params: [tx.txid, 0], id: 1 }))).text();
      const [, value = ''] = /"value":([0-9.]+)/.exec(text) ?? [];
      expect(value).toMatch(/^\d+\.\d{8}$/);
      expect(BigInt(value.replace('.', ''))).toBe(tx.coins[0]!.amount);
    });
  });
});
