export { amountsAndNumbers, amountsAsNumbers, amountsAsStrings } from './amounts-as-numbers.js';
export { type Actor, authorizationMatrix, type MatrixResult, type Verdict } from './authorization.js';
export { foreignIds, type ForeignIdsResult } from './foreign-ids.js';
export { negativeInput, type NegativeInputResult } from './negative-input.js';
export { fillPath, type Operation, operationsOf } from './operations.js';
