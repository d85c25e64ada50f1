import { z } from 'zod';

/**
 * What goes wrong with webhooks, on demand. A rule applies to event types that match (`*`, `payment.*`, `payment.captured`), and to no more than
 * `times` events when that is given; the first rule that matches decides.
 */
export const WebhookRule = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('drop'), match: z.string(), times: z.number().int().positive().optional() }),
  z.strictObject({ action: z.literal('hold'), match: z.string(), times: z.number().int().positive().optional() }),
  z.strictObject({
    action: z.literal('delay'),
    match: z.string(),
    times: z.number().int().positive().optional(),
    delayMs: z.number().int().min(0).max(86_400_000),
  }),
  z.strictObject({
    action: z.literal('duplicate'),
    match: z.string(),
    times: z.number().int().positive().optional(),
    copies: z.number().int().min(2).max(20),
  }),
]);
export type WebhookRule = z.infer<typeof WebhookRule>;

export const WebhookRules = z.strictObject({ rules: z.array(WebhookRule).max(50) });
export type WebhookRules = z.infer<typeof WebhookRules>;

export const matches = (pattern: string, type: string): boolean =>
  pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1)));

/** The rule for an event of this type, and the rules that are left when it has been used. */
export function takeRule(rules: readonly WebhookRule[], type: string): { rule?: WebhookRule; left: WebhookRule[] } {
  const at = rules.findIndex((rule) => matches(rule.match, type));
  const rule = rules[at];
  if (rule === undefined) return { left: [...rules] };
  if (rule.times === undefined) return { rule, left: [...rules] };
  const used = rule.times > 1 ? [{ ...rule, times: rule.times - 1 }] : [];
  return { rule, left: [...rules.slice(0, at), ...used, ...rules.slice(at + 1)] };
}
