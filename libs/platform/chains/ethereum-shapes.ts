import { z } from 'zod';

/** Shapes that JSON-RPC of Ethereum is made of. */
export const quantity = z
  .string()
  .regex(/^0x(0|[1-9a-f][0-9a-f]{0,63})$/)
  .transform((text) => BigInt(text));
export const data = z.string().regex(/^0x([0-9a-f]{2})*$/i);
export const hash32 = z.string().regex(/^0x[0-9a-f]{64}$/);
export const address = z
  .string()
  .regex(/^0x[0-9a-f]{40}$/i)
  .transform((text) => text.toLowerCase());
