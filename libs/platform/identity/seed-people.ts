import { type Clock } from '@base/clock';
import { uuidV7, type Database, type Tx } from '@base/database';
import { type OperatorRole } from '@base/http';
import { hashToken } from './opaque-token.js';
import { type PasswordHasher } from './password-hasher.js';
import { type ApiKeyScope, type Realm } from './principal.js';

const DAY_MS = 86_400_000;

export interface SeededCustomer {
  readonly email: string;
  readonly password: string;
  readonly tier: number;
}

export interface SeededOperator {
  readonly email: string;
  readonly password: string;
  readonly displayName: string;
  readonly roles: readonly OperatorRole[];
}

export interface SeededApiKey {
  /** Of a seeded customer. */
  readonly email: string;
  readonly label: string;
  /** Made at random by whoever starts the sandbox, who gives it to the program that uses it. */
  readonly secret: string;
  readonly scopes: readonly Exclude<ApiKeyScope, 'withdraw'>[];
  readonly expiresInDays: number;
}

/** People whom a sandbox starts with, their addresses confirmed. Whoever is there already is left as they are. */
export class SeedPeople {
  constructor(
    private readonly database: Database,
    private readonly hasher: PasswordHasher,
    private readonly clock: Clock,
  ) {}

  async customer({ email, password, tier }: SeededCustomer): Promise<void> {
    await this.#add({ realm: 'customer', email, password }, (tx, id) =>
      tx.query('INSERT INTO identity.customer (id, tier) VALUES ($1, $2)', [id, tier]),
    );
  }

  /** A key of a program that the sandbox starts. One that was revoked stays so. */
  async apiKey({ email, label, secret, scopes, expiresInDays }: SeededApiKey): Promise<void> {
    const now = this.clock.now();
    await this.database.query(
      `INSERT INTO identity.api_key (id, customer_id, label, secret_hash, scopes, networks, created_at, expires_at)
       SELECT $1, p.id, $3, $4, $5, '{}', $6, $7 FROM identity.principal p WHERE p.realm = 'customer' AND p.email = $2
       ON CONFLICT (secret_hash) DO NOTHING`,
      [uuidV7(now.getTime()), email, label, hashToken(secret), [...scopes], now, new Date(now.getTime() + expiresInDays * DAY_MS)],
    ); // prettier-ignore
  }

  async operator({ email, password, displayName, roles }: SeededOperator): Promise<void> {
    await this.#add({ realm: 'operator', email, password }, (tx, id) =>
      tx.query('INSERT INTO identity.operator (id, display_name, roles) VALUES ($1, $2, $3)', [id, displayName, roles]),
    );
  }

  async #add(
    person: { realm: Realm; email: string; password: string },
    addToRealm: (tx: Tx, id: string) => Promise<unknown>,
  ): Promise<void> {
    const passwordHash = await this.hasher.hash(person.password);
    await this.database.transaction(async (tx) => {
      const now = this.clock.now();
      const id = uuidV7(now.getTime());
      const added = await tx.query(
        `INSERT INTO identity.principal (id, realm, email, email_verified_at, password_hash, created_at)
         VALUES ($1, $2, $3, $4, $5, $4) ON CONFLICT (realm, email) DO NOTHING RETURNING id`,
        [id, person.realm, person.email, now, passwordHash],
      );
      if (added.length === 1) await addToRealm(tx, id);
    });
  }
}
