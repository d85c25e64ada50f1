import { type CardDescription, type CardProcessor } from './card-processor.js';
import { OutsideRefused, OutsideUnavailable } from './outside-error.js';
import { refused } from './refusals.js';

/** What the processor says of a token that a customer brings. @throws Refusal 422 `card_token_unknown`, 503 `rail_unavailable` */
export async function describeToken(processor: CardProcessor, token: string): Promise<CardDescription> {
  try {
    return await processor.describeCard(token);
  } catch (error) {
    if (error instanceof OutsideRefused) throw refused('card_token_unknown', { field: 'token' });
    if (error instanceof OutsideUnavailable) throw refused('rail_unavailable');
    throw error;
  }
}
