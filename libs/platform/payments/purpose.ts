import { z } from 'zod';

/** What a product wants the money for. Payments keeps it, sends it along with its events, and understands nothing of it. */
export const Purpose = z.strictObject({ kind: z.string().min(1).max(64), id: z.string().min(1).max(64) }).readonly();
export type Purpose = z.infer<typeof Purpose>;
