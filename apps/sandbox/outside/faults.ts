import { type FastifyInstance } from 'fastify';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/**
 * How the process misbehaves towards callers, on demand. `lose-answer` does the work and then cuts the connection, which is what a timeout at
 * the worst moment looks like; `refuse` answers 503 without doing it; `hang` does it and answers late; `garbage` answers HTML with status 200.
 */
const Fault = z.strictObject({
  method: z.string().default('POST'),
  /** The start of the path, such as `/v1/payments`. */
  path: z.string().startsWith('/v1/'),
  fault: z.enum(['lose-answer', 'refuse', 'hang', 'garbage']),
  times: z.number().int().positive().max(1_000).default(1),
  hangMs: z.number().int().min(1).max(120_000).default(30_000),
});
type Fault = z.infer<typeof Fault>;

/** Adds `PUT /control/faults` and the hooks that act on it. Faults live in memory: a restart is sound again. */
export function addFaults(app: FastifyInstance): void {
  let faults: (Fault & { left: number })[] = [];
  const taken = new WeakMap<object, Fault>();

  app.put('/control/faults', (request) => {
    const asked = z.strictObject({ faults: z.array(Fault).max(20) }).parse(request.body);
    faults = asked.faults.map((fault) => ({ ...fault, left: fault.times }));
    return { faults };
  });

  app.addHook('preHandler', async (request, reply) => {
    const fault = faults.find(
      ({ method, path, left }) => left > 0 && method === request.method && request.url.startsWith(path),
    );
    if (fault === undefined) return;
    fault.left -= 1;
    taken.set(request, fault);
    if (fault.fault === 'refuse') {
      await reply.code(503).send({ error: { code: 'unavailable', message: 'try again later' } });
    }
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const fault = taken.get(request);
    switch (fault?.fault) {
      case 'lose-answer':
        reply.raw.destroy();
        return payload;
      case 'hang':
        await sleep(fault.hangMs, undefined, { ref: false });
        return payload;
      case 'garbage':
        reply.code(200).type('text/html').removeHeader('content-length');
        return '<!doctype html><title>Maintenance</title>';
      case 'refuse':
      case undefined:
        return payload;
    }
  });
}
