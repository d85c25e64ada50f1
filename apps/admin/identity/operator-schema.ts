import { z } from 'zod';
import { OPERATOR_ROLES } from '@base/http';

export const operatorSchema = z
  .object({
    id: z.uuid(),
    email: z.string(),
    displayName: z.string(),
    roles: z.array(z.enum(OPERATOR_ROLES)),
    status: z.enum(['active', 'frozen', 'closed']),
    active: z.boolean().meta({ description: 'Whether the invitation was accepted' }),
    totpEnrolled: z.boolean(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Operator' });
