import { Injectable } from '@nestjs/common';
import { type Tx } from '@base/database';
import { type CommandResult, Commands, type Operator } from '@base/http';
import { Audit, type Json } from '@platform/audit';

export interface DeskCommand {
  readonly caller: Operator;
  readonly key: string;
  /** Below `brokerage.`, for the idempotency key and the audit alike. */
  readonly action: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly request: { readonly [key: string]: Json };
  readonly reason: string;
}

/** What an operator does to the desk: once per idempotency key, with its audit record in the same transaction. */
@Injectable()
export class DeskCommands {
  constructor(
    private readonly commands: Commands,
    private readonly audit: Audit,
  ) {}

  run(
    { caller, key, action, subject, request, reason }: DeskCommand,
    work: (tx: Tx) => Promise<object>,
  ): Promise<CommandResult> {
    const command = {
      owner: caller.id,
      key,
      operation: `brokerage.${action}`,
      request: { ...request, subject, reason },
    };
    return this.commands.run(command, async (tx) => {
      const body = await work(tx);
      await this.audit.append(tx, {
        actor: { kind: 'operator', id: caller.id },
        action: `brokerage.${action}`,
        subject,
        after: request,
        reason,
      });
      return { status: 200, body };
    });
  }
}
