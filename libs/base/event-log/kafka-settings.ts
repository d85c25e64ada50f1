import { z } from 'zod';
import { ConfigurationError, flag, type Secret, secretText } from '@base/config';

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

export interface KafkaSettings {
  /** `host:port` of some of the cluster's brokers; the others are learned from them. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly tls: boolean;
  readonly login?: {
    readonly mechanism: (typeof MECHANISMS)[number];
    readonly username: string;
    readonly password: Secret;
  };
  /** Whether the broker drops what this producer sends twice. Off only for brokers that cannot. */
  readonly isIdempotent: boolean;
  readonly requestTimeoutMs: number;
  /** Within one call. */
  readonly retries: number;
}

/** What a process that writes to the event log reads of its environment. Without brokers there is no Kafka. */
export const kafkaConfig = {
  KAFKA_BROKERS: z
    .string()
    .optional()
    .transform((text) => (text ?? '').split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()])))
    .refine((brokers) => brokers.every((broker) => /^[^\s/]+:\d{1,5}$/.test(broker)), 'must be host:port, host:port…'),
  KAFKA_TOPIC_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]{0,200}$/, 'may have letters, digits, dots, dashes and underscores')
    .default('strongroom.'),
  KAFKA_TLS: flag(),
  KAFKA_SASL_MECHANISM: z.enum(MECHANISMS).default('scram-sha-512'),
  KAFKA_USERNAME: z.string().min(1).optional(),
  KAFKA_PASSWORD: secretText(8).optional(),
  KAFKA_IDEMPOTENCE: z
    .enum(['0', '1'])
    .default('1')
    .transform((value) => value === '1'),
};

type KafkaConfig = z.infer<z.ZodObject<typeof kafkaConfig>>;

/** How long a broker may take over one request. */
const REQUEST_MS = 10_000;
/** Some seconds, in which partitions find new leaders. Whoever calls tries again for as long as it takes. */
const RETRIES = 6;

/** Undefined when no broker is named. @throws ConfigurationError for a login without its other half, or a password in the clear */
export function kafkaSettingsOf(config: KafkaConfig, clientId: string): KafkaSettings | undefined {
  const { KAFKA_BROKERS: brokers, KAFKA_USERNAME: username, KAFKA_PASSWORD: password, KAFKA_TLS: tls } = config;
  if (brokers.length === 0) return undefined;
  if ((username === undefined) !== (password === undefined))
    throw new ConfigurationError('KAFKA_USERNAME and KAFKA_PASSWORD need each other');
  const mechanism = config.KAFKA_SASL_MECHANISM;
  if (username !== undefined && mechanism === 'plain' && !tls)
    throw new ConfigurationError(
      'KAFKA_SASL_MECHANISM=plain needs KAFKA_TLS=1: it would send the password in the clear',
    );
  return {
    brokers,
    clientId,
    tls,
    ...(username !== undefined && password !== undefined && { login: { mechanism, username, password } }),
    isIdempotent: config.KAFKA_IDEMPOTENCE,
    requestTimeoutMs: REQUEST_MS,
    retries: RETRIES,
  };
}
