import { z } from 'zod';

/** The answer to everything that may or may not have written to somebody. */
export const mailSentSchema = z.object({ status: z.literal('check-your-mailbox') }).meta({ id: 'MailSent' });

export const CHECK_YOUR_MAILBOX: z.infer<typeof mailSentSchema> = { status: 'check-your-mailbox' };
