import { eventually } from './outside.mjs';

/** @param {import('./tour.mjs').Tour} tour */
export async function signUp({ api, admin, customer, say }) {
  const { email, password } = customer;
  await api.post('/v1/auth/register', { email, password });
  say('Registered', { email });

  const query = `/v1/sandbox/mailbox?to=${encodeURIComponent(email)}`;
  const token = await eventually('the e-mail with the link', async () => {
    const { items } = await admin.get(query);
    return items.find(({ variables }) => variables.token)?.variables.token;
  });
  await api.post('/v1/auth/verify-email', { token });
  say('Confirmed the e-mail address, with the link from the mailbox');

  customer.token = (await api.post('/v1/auth/login', { email, password })).accessToken;
  const me = await api.get('/v1/me');
  say('Logged in', { customer: me.id, tier: me.tier });
  if (me.tier === undefined || me.tier >= 2) return;
  await admin.call('PUT', `/v1/customers/${me.id}/tier`, { tier: 2, reason: 'papers seen, for the demo' });
  say('An operator raised the customer’s tier', { tier: (await api.get('/v1/me')).tier });
}
