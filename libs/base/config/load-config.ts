import { z } from 'zod';
import { Secret } from './secret.js';

export class ConfigurationError extends Error {}

/**
 * The process's configuration out of its environment. Everything wrong is told at once, by variable name and never by value.
 * @throws ConfigurationError
 */
export function loadConfig<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: Record<string, string | undefined> = process.env,
): z.infer<z.ZodObject<Shape>> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = z.object(shape).safeParse(given);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new ConfigurationError(`The environment is not complete (docs/configuration.md):\n${lines.join('\n')}`);
}

/** Secrets that ship in examples; a process refuses to start with one of them. */
const WELL_KNOWN = new Set(['secret', 'password', 'changeme', 'change-me', 'default', 'strongroom', 'test', 'admin']);

/** A secret of at least `minLength` characters that is not a well-known default. */
export const secretText = (minLength = 16) =>
  z
    .string()
    .min(minLength, `must have at least ${minLength} characters`)
    .refine((value) => !WELL_KNOWN.has(value.toLowerCase()) && new Set(value).size > 4, 'is too easy to guess')
    .transform((value) => new Secret(value));

/** A URL that may carry a password, so it is a secret as a whole. */
export const secretUrl = (...protocols: string[]) =>
  z
    .string()
    .refine((value) => protocols.some((protocol) => value.startsWith(`${protocol}:`)) && URL.canParse(value), {
      message: `must be a URL of ${protocols.join(' or ')}`,
    })
    .transform((value) => new Secret(value));

export const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);

export const flag = () =>
  z
    .enum(['0', '1', 'true', 'false'])
    .default('0')
    .transform((value) => value === '1' || value === 'true');
