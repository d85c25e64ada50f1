import { type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';
import { CommandResult } from './commands.js';

/** Gives the stored status and body of a command, and says by a header whether they are a replay. */
export class CommandResultInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map((result: unknown) => {
        if (!(result instanceof CommandResult)) return result;
        void reply.status(result.status);
        if (result.replayed) void reply.header('idempotent-replayed', 'true');
        return result.body;
      }),
    );
  }
}
