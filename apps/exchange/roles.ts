import { engineCommands, type EngineCommandKind, type LinkRole } from '@core/contracts';

const COMMANDS: Readonly<Record<LinkRole, readonly EngineCommandKind[]>> = {
  gateway: ['place', 'cancel', 'cancel-by-client-id', 'replace', 'cancel-all', 'name-client-order'],
  settlement: ['credit', 'debit'],
  operator: ['list-instrument', 'set-state', 'set-fees', 'set-bands', 'set-account', 'kill-switch', 'mark-price', 'audit', 'cancel-all'], // prettier-ignore
  observer: [],
  standby: [],
};

const LONGEST_CODE = 256;

/** By command code: 1 when the role may send it. */
export const commandsOf = (role: LinkRole): Uint8Array => {
  const allowed = new Uint8Array(LONGEST_CODE);
  for (const kind of COMMANDS[role]) allowed[engineCommands.messages[kind].code] = 1;
  return allowed;
};
