import bcoin, { type CoinView, type Output, type TX } from 'bcoin';
import './ecdsa.js';
import { ScriptFailure } from './script-failure.js';
import { scriptType } from './script-type.js';
import { TaprootSighash } from './taproot-sighash.js';
import { verifyTaprootProgram } from './taproot.js';
import { runLeaf, type TapscriptPolicy } from './tapscript.js';

const flag = (name: string): number => {
  const value = bcoin.Script.flags[name];
  if (value === undefined) throw new Error(`bcoin knows no script flag ${name}`);
  return value;
};

/** Script rules that a relayed transaction must keep. */
export const STANDARD_SCRIPT_FLAGS = flag('STANDARD_VERIFY_FLAGS');

/** Script rules of consensus once segwit is active: breaking one of these makes a block invalid. */
export const CONSENSUS_SCRIPT_FLAGS =
  flag('VERIFY_P2SH') |
  flag('VERIFY_DERSIG') |
  flag('VERIFY_NULLDUMMY') |
  flag('VERIFY_CHECKLOCKTIMEVERIFY') |
  flag('VERIFY_CHECKSEQUENCEVERIFY') |
  flag('VERIFY_WITNESS');

const WITNESS = flag('VERIFY_WITNESS');
const MINIMAL_DATA = flag('VERIFY_MINIMALDATA');
const DISCOURAGE_UPGRADES = flag('VERIFY_DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM');

const policyOf = (flags: number): TapscriptPolicy => ({
  discourageUpgrades: (flags & DISCOURAGE_UPGRADES) !== 0,
  requireMinimalPushes: (flags & MINIMAL_DATA) !== 0,
});

/**
 * Teaches bcoin the taproot rules, for the pool and for blocks alike: bcoin 1.0.2 is older than BIP-341 and lets anyone
 * spend a version 1 program in a block. Both paths end in `TX.check`, which is replaced here once per process.
 */
function check(this: TX, view: CoinView, flags: number): void {
  if (this.inputs.length === 0) throw new ScriptFailure('EVAL_FALSE');
  if (this.isCoinbase()) return;
  const spent = this.inputs.map(({ prevout }) => view.getOutput(prevout));
  if (!spent.every((output): output is Output => !!output)) throw new ScriptFailure('EVAL_FALSE');
  let sighash: TaprootSighash | undefined;
  for (const [index, output] of spent.entries()) {
    const type = flags & WITNESS ? scriptType(output.script.raw) : 'nonstandard';
    if (type === 'witness_v1_taproot') {
      sighash ??= new TaprootSighash(this, spent);
      const input = { tx: this, index, spent: output, sighash };
      const leaf = verifyTaprootProgram(input);
      if (leaf) runLeaf(input, leaf, policyOf(flags));
    } else {
      // Pay-to-anchor is meant to be spent by anyone, so it does not count as an unknown program.
      this.checkInput(index, output, type === 'anchor' ? flags & ~DISCOURAGE_UPGRADES : flags);
    }
  }
}

bcoin.TX.prototype.check = check;
