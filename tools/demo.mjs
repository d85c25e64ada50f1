/**
 * `npm run demo`, while `npm start` runs: a customer walks through the platform by its public HTTP API alone. Each step is printed with
 * ids, amounts and balances; anything that is not as it must be ends it with exit code 1.
 */
import { depositCoins } from './demo/coins-in.mjs';
import { withdrawBitcoin } from './demo/coins-out.mjs';
import { depositDollars } from './demo/dollars-in.mjs';
import { houseIsReady } from './demo/house.mjs';
import { buyByCard, buyInOneClick, sell, swapToEther } from './demo/orders.mjs';
import { proveBooks, proveCustody } from './demo/proof.mjs';
import { signUp } from './demo/sign-up.mjs';
import { beginTour } from './demo/tour.mjs';
import { tradeOnExchange } from './demo/trader.mjs';

const STEPS = [
  signUp,
  houseIsReady,
  depositDollars,
  buyInOneClick,
  buyByCard,
  sell,
  swapToEther,
  depositCoins,
  withdrawBitcoin,
  tradeOnExchange,
  proveBooks,
  proveCustody,
];

try {
  const tour = await beginTour();
  for (const step of STEPS) await step(tour);
  console.log('\nEverything was as it must be.');
} catch (error) {
  console.error(`\nThe demo stopped: ${error.message}`);
  process.exitCode = 1;
}
