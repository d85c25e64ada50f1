import { type SequentialModel } from './linearizable.js';

/** What is seen of an account: its balance on the normal side, or how many entries it has, or both. */
export interface Standing {
  readonly balance?: bigint;
  readonly version?: bigint;
}

export type AccountsOp =
  | { readonly do: 'transfer'; readonly from: string; readonly to: string; readonly amount: bigint }
  | { readonly do: 'read'; readonly account: string };

export type AccountsAnswer =
  /** With how the two accounts stood after it, as its entries say. */
  | { readonly is: 'posted'; readonly from?: Standing; readonly to?: Standing }
  /** The account did not cover it. */
  | { readonly is: 'refused' }
  | { readonly is: 'read'; readonly saw: Standing };

type Accounts = ReadonlyMap<string, Required<Standing>>;

/** The ledger as one client after the other sees it: accounts that cover what they pay, and count their entries. */
export function accountsModel(
  opening: Readonly<Record<string, Required<Standing>>>,
): SequentialModel<Accounts, AccountsOp, AccountsAnswer> {
  const at = (accounts: Accounts, name: string): Required<Standing> => {
    const standing = accounts.get(name);
    if (standing === undefined) throw new Error(`the model has no account ${name}`);
    return standing;
  };
  return {
    initial: new Map(Object.entries(opening)),
    key: (accounts) => [...accounts.values()].map(({ balance, version }) => `${balance}#${version}`).join(),
    step: (accounts, op, answer) => {
      if (op.do === 'read') {
        if (answer === undefined) return accounts;
        return answer.is === 'read' && agrees(at(accounts, op.account), answer.saw) ? accounts : undefined;
      }
      const [from, to] = [at(accounts, op.from), at(accounts, op.to)];
      const isCovered = from.balance >= op.amount;
      if (answer?.is === 'refused') return isCovered ? undefined : accounts;
      if (answer?.is === 'read' || !isCovered) return undefined;
      const paid = { balance: from.balance - op.amount, version: from.version + 1n };
      const received = { balance: to.balance + op.amount, version: to.version + 1n };
      if (!agrees(paid, answer?.from) || !agrees(received, answer?.to)) return undefined;
      return new Map(accounts).set(op.from, paid).set(op.to, received);
    },
  };
}

const agrees = (is: Required<Standing>, seen: Standing = {}): boolean =>
  (seen.balance === undefined || seen.balance === is.balance) &&
  (seen.version === undefined || seen.version === is.version);
