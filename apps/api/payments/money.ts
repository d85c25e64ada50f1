import { z } from 'zod';

export const fiat = z.enum(['USD', 'EUR', 'GBP']).meta({ description: 'Currency', examples: ['USD'] });
