import { Injectable } from '@nestjs/common';
import { type CommandResult, Commands, type Operator } from '@base/http';
import { type Tx } from '@base/database';
import { Audit, type Json } from '@platform/audit';

export interface AuditedCommand {
  readonly caller: Operator;
  readonly key: string;
  readonly action: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly reason: string;
  /** Whatever else shapes the effect. */
  readonly request: unknown;
}

/** What an operator does to somebody's money: once per key, and on record in the transaction that does it. */
@Injectable()
export class AuditedCommands {
  constructor(
    private readonly commands: Commands,
    private readonly audit: Audit,
  ) {}

  run(command: AuditedCommand, work: (tx: Tx) => Promise<{ status: number; body: Json }>): Promise<CommandResult> {
    const { caller, key, action, subject, reason, request } = command;
    return this.commands.run(
      { owner: caller.id, key, operation: action, request: { subject, request } },
      async (tx) => {
        const answer = await work(tx);
        await this.audit.append(tx, {
          actor: { kind: 'operator', id: caller.id },
          action,
          subject,
          reason,
          after: answer.body,
        });
        return answer;
      },
    );
  }
}
