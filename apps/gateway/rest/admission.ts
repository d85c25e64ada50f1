import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type ApiKeyScope } from '@platform/identity';
import { type Access, type Trader } from '../access/access.js';
import { clientNetwork } from '../client-address.js';
import { Throttle, type ThrottleLimits } from '../throttle.js';
import { RestRefusal, unauthorized } from './rest-refusal.js';

const TOKEN = /^[\x21-\x7e]{1,200}$/;

/** Who may go on with a request: counted by the address's network first, so that guessing costs us nothing, then by key. */
export class Admission {
  readonly #byNetwork: Throttle;
  readonly #byKey: Throttle;
  readonly #traders = new WeakMap<FastifyRequest, Trader>();

  constructor(
    private readonly access: Access,
    limits: { readonly perAddress: ThrottleLimits; readonly perKey: ThrottleLimits },
  ) {
    this.#byNetwork = new Throttle(limits.perAddress);
    this.#byKey = new Throttle(limits.perKey);
  }

  /** @throws RestRefusal 429, 401 */
  async admit(
    request: FastifyRequest,
    reply: FastifyReply,
    { address, access }: { readonly address: string; readonly access: ApiKeyScope | 'public' },
  ): Promise<void> {
    this.#count(this.#byNetwork, clientNetwork(address), reply);
    if (access === 'public') return;
    const token = request.headers['x-api-token'];
    if (typeof token !== 'string' || !TOKEN.test(token))
      throw unauthorized('Send the secret of an API key as X-API-Token');
    const trader = await this.access.byToken(token, address);
    if (trader === undefined)
      throw unauthorized('The API key is unknown, has ended, or may not be used from this address');
    this.#count(this.#byKey, trader.keyId, reply);
    if (!trader.scopes.includes(access)) throw unauthorized(`The API key does not have the scope "${access}"`);
    this.#traders.set(request, trader);
  }

  /** Of a request that was admitted. */
  traderOf(request: FastifyRequest): Trader {
    const trader = this.#traders.get(request);
    if (trader === undefined) throw new Error('a request reached its handler without a trader');
    return trader;
  }

  /** The fields of draft-ietf-httpapi-ratelimit-headers-07: of the key where there is one, else of the network. */
  #count(throttle: Throttle, name: string, reply: FastifyReply): void {
    const { isAdmitted, remaining, waitSeconds } = throttle.take(name, performance.now());
    void reply.headers({
      'ratelimit-limit': throttle.limits.burst,
      'ratelimit-remaining': remaining,
      'ratelimit-reset': waitSeconds,
    });
    if (!isAdmitted) throw new RestRefusal(429, 'Too many requests', waitSeconds);
  }
}
