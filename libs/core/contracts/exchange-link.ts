/**
 * How two processes of the venue talk over one connection, version 1: control messages under the same header as commands and
 * events, with codes of their own (100 and up), so that one stream carries all three.
 *
 * A conversation (C calls, V is the venue):
 *   C hello        names its key and gives a nonce
 *   V challenge    gives a nonce; an unknown key gets one too
 *   C proof        HMAC-SHA-256 under the key: see `libs/platform/venue-link/link-proof.ts`
 *   V welcome      the venue's own proof, and where its stream stands; C believes nothing before it has checked that
 *   C subscribe    once: events from that command on, in order, without a gap
 *   C commands     (roles with commands) numbered in `sequence` from 1 on each connection; `origin` names a session opened on it, or 0
 *   V sequenced    which of them became which commands of the venue; sent when they are durable, never before
 *   V refused      which of them became none, and why
 *   both heartbeat when they have said nothing else for `heartbeatMs`; farewell before a connection is closed on purpose
 *
 * A standby (role `standby`, S) goes on differently:
 *   S follow          the term of its last command, and that command
 *   V term-began      for each term of the venue's history, then following: a snapshot comes first, or none; then commands from `first` on
 *   V snapshot-piece  the snapshot's file, in order
 *   V commands        as they stand in the journal, in order; each is durable with V
 *   S acknowledged    durable with S up to there
 *   V compare         S answers with the digest of its state after that command; V says differs if its own is another
 *   V confirm         V has been away and asks whether it is still followed, before it releases anything; S confirmed
 *   S superseded      a higher term has begun: V is not the primary any more. In a hello too, from anybody
 * An operator tells a follower to promote itself, and a primary how to replicate.
 *
 * The TERM is the venue's, not the journal's: it is raised by a promotion alone, so that no number of restarts makes an old primary
 * look newer. Its seal is an HMAC under the standby's key: clients carry it from one primary to the other and cannot make one.
 *
 * A connection that ends says nothing about commands that were neither sequenced nor refused: subscribe again from the last event seen.
 * A change of any layout or code list below is a new version; codes are only ever appended.
 */
import { Codec, message, type Decoded, type Draft } from './binary-schema.js';

export const LINK_VERSION = 1;

/** What a connection may do. gateway: order entry; settlement: credits and debits; operator: all else; observer: events only. */
export const LINK_ROLES = ['gateway', 'settlement', 'operator', 'observer', 'standby'] as const;

/** Why a numbered command did not become one of the venue's. It has changed nothing; sending it again is safe. */
export const LINK_REFUSALS = [
  'none',
  /** No space on the venue's disk: cancels alone are taken, and those while a reserve lasts. */
  'disk_full',
  /** `origin` names no session of this connection. */
  'unknown_session',
  /** Synchronous, without a standby, and as much is waiting as may wait. */
  'no_standby',
  /** This venue follows another. */
  'not_primary',
] as const;

/** Why a connection was closed. */
export const FAREWELLS = [
  'none',
  'shutting_down',
  'malformed',
  'oversized',
  'wrong_key',
  /** The other side speaks another version of this protocol or of the engine's codec. */
  'wrong_version',
  'handshake_timeout',
  /** A message that this role, or this moment of the conversation, does not allow. */
  'not_your_role',
  'out_of_turn',
  /** Subscribed to, or numbered, ahead of what there is. */
  'from_the_future',
  /** A command was numbered as an earlier one. */
  'repeated',
  /** Its events were written over, or it sent without reading. Never said, since it would not be read: the connection just ends. */
  'too_slow',
  'heartbeat_missed',
  /** This venue is not the primary any more. */
  'fenced',
  /** History from that far back cannot be read. */
  'history_unavailable',
  'too_many_links',
  'too_many_sessions',
  /** This venue follows another; commands and subscriptions belong there. */
  'not_primary',
  /** The standby has commands that are not the venue's. */
  'diverged',
  /** Another standby has come. */
  'replaced',
] as const;

export const STANDINGS = ['primary', 'follower'] as const;
/** asynchronous: events leave when they are durable here; synchronous: when they are durable with the standby too. */
export const REPLICATION_MODES = ['asynchronous', 'synchronous'] as const;
/** Why a follower does not promote itself. */
export const PROMOTION_REFUSALS = [
  'none',
  /** It is the primary already. */
  'not_a_follower',
  /** It has not caught up with what the primary had released when it connected. `isForced` overrides it: what is missing is lost. */
  'catching_up',
  /** Its state was found to be another than the primary's at the same command. */
  'states_differ',
] as const;

const MESSAGES = {
  /** With the highest term met so far, if any. */
  hello: message(100, { nonce: 'bytes32', key: 'symbol', engineVersion: 'u16' }, { term: 'u32', seal: 'bytes32' }),
  challenge: message(101, { nonce: 'bytes32' }),
  proof: message(102, { proof: 'bytes32' }),
  welcome: message(103, {
    proof: 'bytes32',
    /** The first command whose events have not been released yet. */
    nextSequence: 'u64',
    /** The earliest command that a subscription may begin with. */
    oldestSequence: 'u64',
    /** Raised whenever a process takes the journal over. */
    epoch: 'u32',
    link: 'u32',
    heartbeatMs: 'u32',
    engineVersion: 'u16',
    role: LINK_ROLES,
    standing: STANDINGS,
    /** Raised by each promotion: of two that call themselves primary, the higher one is. */
    term: 'u32',
    seal: 'bytes32',
  }),
  /** `from` 0 means: from what is released next. Always begins with event 0 of that command. */
  subscribe: message(104, { from: 'u64' }),
  /** A session binds orders with CANCEL_ON_DISCONNECT to this connection. `reference` is repeated in the answer. */
  'open-session': message(105, { reference: 'u32' }),
  'session-opened': message(106, { reference: 'u32', session: 'u32' }),
  'close-session': message(107, { session: 'u32' }),
  /** Commands `command` to `command + count - 1` of this connection are the venue's from `first` on. Durable. */
  sequenced: message(108, { command: 'u64', first: 'u64', count: 'u32' }),
  refused: message(109, { command: 'u64', reason: LINK_REFUSALS }),
  /** From the venue: everything up to `released` has been sent; 0 while a subscription is still being told of the past. */
  heartbeat: message(110, { released: 'u64' }),
  farewell: message(111, { reason: FAREWELLS }),
  follow: message(112, { last: 'u64', term: 'u32' }),
  /** Commands behind `after` are of this term. */
  'term-began': message(113, { after: 'u64', term: 'u32' }),
  /** `bytes` of snapshot come first, that of command `snapshot`; 0 for none. `released`: what has left the venue by now. */
  following: message(114, { first: 'u64', snapshot: 'u64', bytes: 'u64', released: 'u64' }),
  'snapshot-piece': message(115, { length: 'u32', bytes: 'bytes1024' }),
  acknowledged: message(116, { upTo: 'u64', term: 'u32' }),
  compare: message(117, { command: 'u64' }),
  digest: message(118, { command: 'u64', digest: 'bytes32' }),
  differs: message(119, { command: 'u64' }),
  confirm: message(120, { reference: 'u32' }),
  confirmed: message(121, { reference: 'u32', term: 'u32' }),
  superseded: message(122, { term: 'u32', seal: 'bytes32' }),
  promote: message(123, { isForced: 'u8' }),
  promoted: message(124, { term: 'u32', last: 'u64' }),
  'not-promoted': message(125, { reason: PROMOTION_REFUSALS }),
  'set-replication': message(126, { mode: REPLICATION_MODES }),
  'replication-set': message(127, { mode: REPLICATION_MODES }),
  /** settlement and operator, on a link that has not subscribed: what everybody owned when command `at` had been applied. */
  'read-balances': message(130, { at: 'u64', reference: 'u32' }),
  /** One balance that is not empty, in units of the asset. */
  balance: message(131, { total: 'i64', held: 'i64', reference: 'u32', account: 'u32', asset: 'u32' }),
  /** That was all: so many balances, and so many events that command `at` had. */
  'balances-read': message(132, { at: 'u64', reference: 'u32', count: 'u32', events: 'u32' }),
} as const;

export const linkMessages = new Codec(LINK_VERSION, MESSAGES);

/** Codes from here on are control messages; below are commands, or events, by the direction of the stream. */
export const FIRST_LINK_CODE = 100;

export type LinkMessage = Decoded<typeof MESSAGES>;
export type LinkMessageDraft = Draft<typeof MESSAGES>;
export type LinkMessageKind = keyof typeof MESSAGES;
export type LinkRole = (typeof LINK_ROLES)[number];
export type LinkRefusal = (typeof LINK_REFUSALS)[number];
export type Farewell = (typeof FAREWELLS)[number];
export type Standing = (typeof STANDINGS)[number];
export type ReplicationMode = (typeof REPLICATION_MODES)[number];
export type PromotionRefusal = (typeof PROMOTION_REFUSALS)[number];
