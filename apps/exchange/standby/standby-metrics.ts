import { gauge } from '@base/observability';
import { type PairMember } from './pair-member.js';

const leads = gauge({ name: 'strongroom_exchange_is_primary', help: '1 for the primary, 0 for a follower' });
const term = gauge({
  name: 'strongroom_exchange_term',
  help: 'Raised by each promotion; of two primaries the higher is the venue',
});
const followed = gauge({
  name: 'strongroom_exchange_is_followed',
  help: '1 while a standby is connected to the primary',
});
const heldBack = gauge({
  name: 'strongroom_exchange_is_held_back',
  help: '1 while a synchronous primary has no standby and releases nothing',
});
const lag = gauge({
  name: 'strongroom_exchange_standby_lag_commands',
  help: 'Commands durable with the primary that the standby has not acknowledged',
});
const comparisons = gauge({ name: 'strongroom_exchange_state_comparisons', help: 'States compared with the standby' });
const differences = gauge({ name: 'strongroom_exchange_state_differences', help: 'States that were found to differ' });
const following = gauge({
  name: 'strongroom_exchange_is_following',
  help: '1 while a follower gets the primary’s commands',
});
const promotable = gauge({ name: 'strongroom_exchange_is_promotable', help: '1 when a follower may be promoted' });

/** What is looked at only when somebody asks. */
export function refreshStandbyGauges({ exchange, follower, term: sealed }: PairMember): void {
  leads.set(exchange === undefined ? 0 : 1);
  term.set(sealed?.term ?? 0);
  if (exchange !== undefined) {
    const { state, isHeldBack } = exchange.replication;
    followed.set(state.isFollowed ? 1 : 0);
    heldBack.set(isHeldBack ? 1 : 0);
    lag.set(state.lag);
    comparisons.set(state.comparisons);
    differences.set(state.differences);
  }
  following.set(follower?.isFollowing === true ? 1 : 0);
  promotable.set(follower?.hasCaughtUp === true && follower.differsAt === null ? 1 : 0);
}

/** Whether it does what it is there for, and what an operator reads on /health/ready. */
export function readinessOf({ exchange, follower, term: sealed }: PairMember): { isReady: boolean; told: object } {
  if (exchange !== undefined) {
    const { isHeldBack, state } = exchange.replication;
    const told = {
      standing: 'primary',
      term: sealed?.term,
      replication: state.mode,
      isFollowed: state.isFollowed,
      isHeldBack,
    };
    return { isReady: !exchange.isStopping && !isHeldBack, told };
  }
  const { isFollowing = false, hasCaughtUp = false, differsAt = null, last = 0 } = follower ?? {};
  const told = { standing: 'follower', term: sealed?.term, isFollowing, hasCaughtUp, differsAt, last };
  return { isReady: isFollowing && differsAt === null, told };
}
