import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { registry } from '@base/observability';
import { Access } from './access.js';

/** Resolves when the thing is usable, rejects when it is not. Must be quick: it is asked every few seconds. */
export type ReadinessCheck = () => Promise<unknown>;

export const READINESS = Symbol('readiness');

const CHECK_TIMEOUT_MS = 2_000;

const within = (check: ReadinessCheck): Promise<unknown> =>
  Promise.race([
    check(),
    new Promise((_, reject) => setTimeout(() => reject(new Error('too slow')), CHECK_TIMEOUT_MS).unref()),
  ]);

/** Liveness (the process answers), readiness (what it needs is there), metrics. */
@ApiExcludeController()
@Access('public')
@Controller()
export class HealthController {
  readonly #checks: Readonly<Record<string, ReadinessCheck>>;

  constructor(@Inject(READINESS) checks: Readonly<Record<string, ReadinessCheck>>) {
    this.#checks = checks;
  }

  @Get('health/live')
  live(): { status: string } {
    return { status: 'live' };
  }

  @Get('health/ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const names = Object.keys(this.#checks);
    const results = await Promise.allSettled(Object.values(this.#checks).map(within));
    const checks = Object.fromEntries(
      names.map((name, at) => [name, results[at]?.status === 'fulfilled' ? 'ok' : 'down']),
    );
    const ready = results.every((result) => result.status === 'fulfilled');
    void reply.status(ready ? 200 : 503);
    return { status: ready ? 'ready' : 'not ready', checks };
  }

  @Get('metrics')
  async metrics(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    void reply.type(registry.contentType);
    return registry.metrics();
  }
}
