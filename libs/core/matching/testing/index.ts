export { Agreement, applyToEngine, firstDifference, type History } from './agreement.js';
export { type Dice, SeededDice, ThrownDice } from './dice.js';
export { minimise } from './minimise.js';
export { FIRST_KINDS, type Kinds, openingCommands, randomCommand, THROWS } from './random-commands.js';
export { recordHistory, type RecordedHistory } from './recorded-history.js';
export { ReferenceExchange } from './reference-exchange.js';
