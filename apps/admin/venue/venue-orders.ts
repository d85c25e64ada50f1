import { Injectable } from '@nestjs/common';
import { type Tx } from '@base/database';
import { CommandResult, Commands, type Operator } from '@base/http';
import { Audit, type Json } from '@platform/audit';
import { OperateVenue, type OperatorCommand } from '@products/venue';

export interface VenueOrder {
  readonly caller: Operator;
  readonly key: string;
  /** Below `venue.`, for the idempotency key and the audit alike. */
  readonly action: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly request: { readonly [key: string]: Json };
  readonly reason: string;
}

/** What an operator does to the exchange: once per idempotency key, with its audit record. */
@Injectable()
export class VenueOrders {
  constructor(
    private readonly venue: OperateVenue,
    private readonly commands: Commands,
    private readonly audit: Audit,
  ) {}

  /** A command to the engine, answered with what the engine said. */
  async send({ caller, ...order }: VenueOrder, command: OperatorCommand): Promise<CommandResult> {
    const { operation, isReplayed } = await this.venue.run({ ...order, operatorId: caller.id, command });
    const { id, action, subject, answer } = operation;
    return new CommandResult(200, { id, action, subject, event: answer }, isReplayed);
  }

  /** What is done in the database alone. */
  run(
    { caller, key, action, subject, request, reason }: VenueOrder,
    work: (tx: Tx) => Promise<object>,
  ): Promise<CommandResult> {
    const command = { owner: caller.id, key, operation: `venue.${action}`, request: { ...request, subject, reason } };
    return this.commands.run(command, async (tx) => {
      const body = await work(tx);
      await this.audit.append(tx, {
        actor: { kind: 'operator', id: caller.id },
        action: `venue.${action}`,
        subject,
        after: request,
        reason,
      });
      return { status: 200, body };
    });
  }
}
