/** The piece of `../matching-workload.mjs` that makes the flow; its header documents options, mixes and format. */
import { fold, HEADER, MIX, OP, prng, RECORD, Reference, scramble, TYPE } from './workload-reference.mjs';

export function generate(opts = {}) {
  const {
    mix = 'move',
    n = 1_000_000,
    seed = 1,
    symbols = 1,
    depth = 1000,
    accounts = 1000,
    ids = 'dense',
    dev: devOpt = 5000,
  } = opts;
  if (!MIX[mix]) throw new Error(`unknown mix ${mix}`);
  const rng = prng(seed),
    R = (k) => rng.below(k);
  const ref = new Reference(symbols);

  // symbol weights (Pareto, alpha 4/3: x^(-3/4), by exactly rounded square roots only) -> 2^16 slots
  const w = Array.from({ length: symbols }, () => {
    const r = Math.sqrt((R(1 << 24) + 1) / (1 << 24));
    return 1 / (r * Math.sqrt(r));
  });
  const wsum = w.reduce((a, b) => a + b, 0);
  const slots = new Uint16Array(65536);
  {
    let acc = 0,
      at = 0;
    for (let s = 0; s < symbols; s++) {
      acc += w[s];
      const to = s === symbols - 1 ? 65536 : Math.round((acc / wsum) * 65536);
      while (at < to) slots[at++] = s;
    }
  }
  const S = Array.from({ length: symbols }, (_, s) => {
    const mid = symbols === 1 ? 100_000 : 2_000 + R(150_000);
    const dev = Math.max(16, Math.min(devOpt, Math.floor(mid / 20)));
    return {
      mid,
      dev,
      lo: mid - dev * 5,
      hi: mid + dev * 5,
      last: mid,
      half: Math.max(2, Math.round((depth * w[s]) / wsum / 2)),
      live: [[], []],
    };
  });
  let maxPrice = 0;
  for (const s of S) maxPrice = Math.max(maxPrice, s.hi + 1);

  ref.removed = (o) => {
    const L = S[o.sym].live[o.side],
      last = L.pop();
    if (last !== o) {
      L[o.pos] = last;
      last.pos = o.pos;
    }
  };
  ref.onFill = (sym, m, t, price) => {
    S[sym].last = price;
  };
  const track = (o) => {
    if (o) {
      const L = S[o.sym].live[o.side];
      o.pos = L.length;
      L.push(o);
    }
  };

  const cap = n + depth * 2 + symbols * 8 + 16;
  const buf = Buffer.alloc(HEADER + cap * RECORD);
  let count = 0,
    seq = 0;
  const freshId = () => {
    seq++;
    return ids === 'sparse' ? scramble(seq) : seq;
  };
  const put = (op, side, type, sym, id, account, price, qty) => {
    const o = HEADER + count++ * RECORD;
    buf[o] = op;
    buf[o + 1] = side;
    buf[o + 2] = type;
    buf.writeUInt32LE(sym, o + 4);
    buf.writeUInt32LE(id, o + 8);
    buf.writeUInt32LE(account, o + 12);
    buf.writeUInt32LE(price >>> 0, o + 16);
    buf.writeUInt32LE(Math.floor(price / 4294967296), o + 20);
    buf.writeUInt32LE(qty >>> 0, o + 24);
    buf.writeUInt32LE(Math.floor(qty / 4294967296), o + 28);
  };
  const size = () => 1 + R(6) * R(6) * R(6);
  // passive offset from the last trade price: mean of four draws, wider draws rarer
  const offset = (dev) => {
    const u = R(65536);
    const d = 1 + Math.floor(((u * u) / 4294967296) * dev);
    let p = 0;
    for (let i = 0; i < 4; i++) p += R(d);
    return Math.abs(Math.floor(p / 4) * 2 - d);
  };
  const clampP = (s, p) => Math.max(s.lo, Math.min(s.hi, p));
  const account = (sym, side, price, qty) => {
    for (let i = 0; i < 64; i++) {
      const a = 1 + R(accounts);
      if (!ref.selfCross(sym, side, price, qty, a)) return a;
    }
    return 0;
  };
  const emitNew = (sym, side, type, price, qty) => {
    const a = account(sym, side, type === TYPE.MARKET ? Infinity : price, qty);
    if (!a) return false;
    const id = freshId();
    put(OP.NEW, side, type, sym, id, a, type === TYPE.MARKET ? 0 : price, qty);
    track(ref.newOrder(sym, side, type, id, a, price, qty));
    return true;
  };
  const passive = (sym, side, strict) => {
    const s = S[sym];
    let p = clampP(s, s.last + (side === 1 ? 1 : -1) * Math.max(1, offset(s.dev)));
    if (strict) {
      // never cross: step back behind the opposite best
      const b = ref.best(sym, 1 - side);
      if (b >= 0) {
        if (side === 0 && p >= b) p = b - 1;
        if (side === 1 && p <= b) p = b + 1;
      }
    }
    return p;
  };

  // prefill
  for (let sym = 0; sym < symbols; sym++)
    for (let i = 0; i < S[sym].half * 2; i++) emitNew(sym, i & 1, TYPE.LIMIT, passive(sym, i & 1, true), size());
  const prefill = count;

  let statN = 0,
    statO = 0,
    statL = 0;
  const total = prefill + n;
  while (count < total) {
    const sym = symbols === 1 ? 0 : slots[rng.next() >>> 16],
      s = S[sym],
      before = count;
    const side = R(2),
      L = s.live[side];
    if (mix === 'move') {
      const q = R(100);
      if (q < 12 || !L.length) {
        if (L.length < s.half) emitNew(sym, side, TYPE.LIMIT, passive(sym, side, false), size());
        else emitNew(sym, 1 - side, TYPE.IOC, side === 1 ? s.hi : s.lo, size()); // hits the over-full side
      } else if (q < 18) {
        const o = L[R(L.length)];
        put(OP.CANCEL, side, 0, sym, o.id, o.account, o.price, 0);
        ref.cancel(o.id);
      } else {
        const o = L[R(L.length)];
        // drift 1% towards the last trade price, at least one tick; never stand still
        const d = s.last - o.price;
        let mv = d > 0 ? Math.ceil(d / 100) : d < 0 ? -Math.ceil(-d / 100) : R(2) * 2 - 1;
        if (R(8) === 0) mv = -mv * (1 + R(3)); // some moves step back, keeping depth spread out
        const p = clampP(s, o.price + mv);
        if (p !== o.price && !ref.selfCross(sym, side, p, o.qty, o.account)) {
          put(OP.REPLACE, side, 0, sym, o.id, o.account, p, o.qty);
          track(ref.replace(o.id, p, o.qty));
        }
      }
    } else if (mix === 'classic') {
      const q = R(100);
      if (q < 60 || L.length < 2) emitNew(sym, side, TYPE.LIMIT, passive(sym, side, true), size());
      else if (q < 95) {
        const o = L[R(L.length)];
        put(OP.CANCEL, side, 0, sym, o.id, o.account, o.price, 0);
        ref.cancel(o.id);
      } else {
        // crossing: sweep about five resting orders, more when the hit side is over target
        const hit = L.length > s.live[1 - side].length ? side : 1 - side,
          H = s.live[hit];
        const want = Math.max(1, 5 + Math.round((H.length - s.half) / 4));
        let qty = 0;
        for (let i = 0; i < want && i < 64; i++) qty += size();
        const b = ref.best(sym, hit);
        if (b < 0) continue;
        const type = R(2) ? TYPE.IOC : TYPE.LIMIT;
        const p = clampP(s, hit === 1 ? b + 1 + R(s.dev) : b - 1 - R(s.dev));
        emitNew(sym, 1 - hit, type, p, qty);
      }
    } else {
      // features
      const q = R(100),
        any = L.length ? L[R(L.length)] : null;
      const grow = L.length < s.half,
        d8 = s.dev >> 3,
        around = clampP(s, s.last + (side === 1 ? 1 : -1) * (R(d8) - (d8 >> 2)));
      if (q < 26 || !any) emitNew(sym, side, TYPE.LIMIT, grow ? passive(sym, side, false) : around, size());
      else if (q < 34)
        emitNew(sym, side, TYPE.POST, grow ? passive(sym, side, false) : clampP(s, s.last + R(21) - 10), size());
      else if (q < 42) emitNew(sym, side, TYPE.IOC, around, size() + size());
      else if (q < 49) emitNew(sym, side, TYPE.FOK, around, size() * (1 + R(6)));
      else if (q < 53) emitNew(sym, side, TYPE.MARKET, side === 0 ? s.hi : s.lo, size());
      else if (q < 68) {
        put(OP.CANCEL, side, 0, sym, any.id, any.account, any.price, 0);
        ref.cancel(any.id);
      } else if (q < 80) {
        const p = clampP(s, any.price + R(41) - 20);
        put(OP.REPLACE, side, 0, sym, any.id, any.account, p, any.qty);
        const o = ref.replace(any.id, p, any.qty);
        if (o !== any) track(o);
      } else if (q < 88) {
        const k = 1 + R(any.qty);
        put(OP.REPLACE, side, 0, sym, any.id, any.account, any.price, k);
        ref.replace(any.id, any.price, k);
      } else if (q < 94) {
        const k = any.qty + 1 + R(20);
        put(OP.REPLACE, side, 0, sym, any.id, any.account, any.price, k);
        const o = ref.replace(any.id, any.price, k);
        if (o !== any) track(o);
      } else if (q < 97) {
        const x = 1 + R(seq),
          id = ids === 'sparse' ? scramble(x) : x,
          o = ref.orders.get(id);
        put(OP.CANCEL, o ? o.side : side, 0, o ? o.sym : sym, id, o ? o.account : 1, 0, 0);
        ref.cancel(id);
      } else {
        const x = seq + 1 + R(1000),
          id = ids === 'sparse' ? scramble(x) : x;
        put(OP.REPLACE, side, 0, sym, id, 1, around, 1);
        ref.replace(id, around, 1);
      }
    }
    if (count !== before && (count & 4095) === 0) {
      statN++;
      statO += ref.resting();
      statL += ref.levels();
    }
  }

  const h = buf;
  h.write('MEWKLD01', 0, 'latin1');
  h.writeUInt32LE(HEADER, 8);
  h.writeUInt32LE(RECORD, 12);
  h.writeUInt32LE(count, 16);
  h.writeUInt32LE(prefill, 20);
  h.writeUInt32LE(symbols, 24);
  h.writeUInt32LE(accounts, 28);
  h.writeUInt32LE(seq, 32);
  h.writeUInt32LE(maxPrice, 36);
  h.writeUInt32LE(seed >>> 0, 40);
  h.writeUInt32LE(MIX[mix], 44);
  h.writeUInt32LE(ref.fills, 48);
  h.writeUInt32LE(ref.rejects, 52);
  h.writeBigUInt64LE(ref.lots, 56);
  h.writeBigUInt64LE(ref.notional, 64);
  h.writeUInt32LE(ref.checksum(), 72);
  h.writeUInt32LE(ref.resting(), 76);
  h.writeUInt32LE(ref.levels(), 80);
  h.writeUInt32LE(ids === 'sparse' ? 1 : 0, 84);
  h.writeUInt32LE(statN ? Math.round(statO / statN) : 0, 88);
  h.writeUInt32LE(statN ? Math.round(statL / statN) : 0, 92);
  return buf.subarray(0, HEADER + count * RECORD);
}
