import { createHash } from 'node:crypto';
import { type Payment } from './objects.js';

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem;color:#1b1f24}
h1{font-size:1.3rem}label{display:block;margin:.8rem 0}input{font:inherit;width:100%;padding:.5rem;box-sizing:border-box}
button{font:inherit;padding:.6rem 1.2rem;margin:.5rem .5rem 0 0;min-height:44px}small{color:#57606a}`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

const escape = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0) ?? 0};`);

/** Nothing but the page's own style and its own form; browsers apply `form-action` to the redirect that follows, so that origin is named too. */
export function contentSecurityPolicy(returnUrl: string | null): string {
  const back = returnUrl === null ? '' : ` ${new URL(returnUrl).origin}`;
  return `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'${back}; frame-ancestors 'none'; base-uri 'none'`;
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(title)}</title><style>${STYLE}</style></head><body><main><h1>${escape(title)}</h1>${body}
<p><small>Sandbox card processor. No real card, no real money.</small></p></main></body></html>`;
}

const amountOf = ({ amount, currency }: Payment): string => {
  const text = String(amount).padStart(3, '0');
  return `${text.slice(0, -2)}.${text.slice(-2)} ${currency}`;
};

const CARD_FIELDS = `<label>Card number <input name="number" inputmode="numeric" autocomplete="cc-number" required></label>
<label>Expiry month <input name="expiryMonth" inputmode="numeric" autocomplete="cc-exp-month" required></label>
<label>Expiry year <input name="expiryYear" inputmode="numeric" autocomplete="cc-exp-year" required></label>
<label>Security code <input name="cvc" inputmode="numeric" autocomplete="cc-csc" required></label>`;

/** Where a customer types a card, so that its number is seen by the processor alone. */
export const tokenPage = (returnUrl: string | null): string =>
  page(
    'Add a card',
    `<form method="post" action="/hosted/tokens">${CARD_FIELDS}
${returnUrl === null ? '' : `<input type="hidden" name="returnUrl" value="${escape(returnUrl)}">`}
<button type="submit">Save card</button></form>`,
  );

export const cardPage = (payment: Payment): string =>
  page(`Pay ${amountOf(payment)}`, `<form method="post">${CARD_FIELDS}<button type="submit">Pay</button></form>`);

export const challengePage = (payment: Payment): string =>
  page(
    'Confirm your payment',
    `<p>Your bank asks: do you want to pay <strong>${amountOf(payment)}</strong> with the card ending in
<strong>${escape(payment.card?.last4 ?? '')}</strong>?</p>
<form method="post"><button name="outcome" value="approve">Approve</button>
<button name="outcome" value="deny">Deny</button></form>`,
  );

export const donePage = (payment: Payment): string => {
  const sentence =
    payment.status === 'failed' ? `Payment failed: ${payment.failureCode ?? ''}` : `Payment ${payment.status}`;
  return page(sentence, `<p>${amountOf(payment)}. You can close this page.</p>`);
};

export const savedCardPage = (card: { token: string; brand: string; last4: string }): string =>
  page(
    'Card saved',
    `<p>${escape(card.brand)} ending in ${escape(card.last4)}: <code>${escape(card.token)}</code></p>`,
  );
