import { z } from 'zod';

/** Why an operator does something: on record for good. */
export const reasonText = () => z.string().trim().min(3).max(200);
