/** Pieces of `../matching-workload.mjs`: its format's constants, its random numbers, its checksum and its reference engine. */
export const HEADER = 128,
  RECORD = 32;
export const OP = { NEW: 1, CANCEL: 2, REPLACE: 3 };
export const TYPE = { LIMIT: 0, IOC: 1, FOK: 2, POST: 3, MARKET: 4 };
export const MIX = { move: 1, classic: 2, features: 3 };

/** sfc32 seeded PRNG; next() gives u32, below(n) an integer in [0, n). */
export function prng(seed) {
  let a = seed >>> 0,
    b = (seed ^ 0x9e3779b9) >>> 0,
    c = 0x85ebca6b,
    d = 1;
  const next = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 16; i++) next();
  return { next, below: (n) => Math.floor((next() / 4294967296) * n) };
}

const rotl5 = (h) => (h << 5) | (h >>> 27);
export const fold = (h, v) => Math.imul(rotl5(h) ^ v, 0x9e3779b1);

/** 32-bit bijection used for --ids=sparse. */
export function scramble(x) {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/* ------------------------------------------------------------- reference engine
 * Slow on purpose: plain arrays and Maps, one obvious implementation of the
 * semantics above. Used to generate valid flow and as the conformance oracle. */
class Book {
  constructor() {
    this.side = [newSide(0), newSide(1)];
  }
}
function newSide(s) {
  return { s, prices: [], levels: new Map(), n: 0 };
}
// prices are kept sorted from worst to best, so the best is at the end
function levelPos(side, price) {
  const p = side.prices;
  let lo = 0,
    hi = p.length;
  while (lo < hi) {
    const m = (lo + hi) >> 1;
    if (side.s === 0 ? p[m] < price : p[m] > price) lo = m + 1;
    else hi = m;
  }
  return lo;
}

export class Reference {
  constructor(symbols = 1, onFill = null) {
    this.books = Array.from({ length: symbols }, () => new Book());
    this.orders = new Map();
    this.h = new Int32Array(symbols);
    this.fills = 0;
    this.rejects = 0;
    this.lots = 0n;
    this.notional = 0n;
    this.onFill = onFill;
    this.removed = null; // hook: called with each order leaving the book
  }
  crosses(side, price, best) {
    return side === 0 ? best <= price : best >= price;
  }
  best(sym, s) {
    const x = this.books[sym].side[s];
    return x.prices.length ? x.prices[x.prices.length - 1] : -1;
  }
  available(sym, side, price, need) {
    const o = this.books[sym].side[1 - side];
    let got = 0;
    for (let i = o.prices.length - 1; i >= 0 && got < need; i--) {
      if (price !== Infinity && !this.crosses(side, price, o.prices[i])) break;
      for (const x of o.levels.get(o.prices[i])) got += x.qty;
    }
    return got;
  }
  selfCross(sym, side, price, qty, account) {
    const o = this.books[sym].side[1 - side];
    for (let i = o.prices.length - 1; i >= 0 && qty > 0; i--) {
      if (price !== Infinity && !this.crosses(side, price, o.prices[i])) break;
      for (const x of o.levels.get(o.prices[i])) {
        if (x.account === account) return true;
        qty -= x.qty;
        if (qty <= 0) break;
      }
    }
    return false;
  }
  match(sym, side, price, qty, takerId) {
    const o = this.books[sym].side[1 - side];
    while (qty > 0 && o.prices.length) {
      const bp = o.prices[o.prices.length - 1];
      if (price !== Infinity && !this.crosses(side, price, bp)) break;
      const q = o.levels.get(bp);
      while (qty > 0 && q.length) {
        const m = q[0],
          f = Math.min(qty, m.qty);
        qty -= f;
        m.qty -= f;
        this.fill(sym, m.id, takerId, bp, f);
        if (m.qty === 0) {
          q.shift();
          o.n--;
          this.orders.delete(m.id);
          if (this.removed) this.removed(m);
        }
      }
      if (!q.length) {
        o.prices.pop();
        o.levels.delete(bp);
      }
    }
    return qty;
  }
  fill(sym, maker, taker, price, qty) {
    let h = this.h[sym];
    h = fold(h, maker | 0);
    h = fold(h, taker | 0);
    h = fold(h, price | 0);
    h = fold(h, qty | 0);
    this.h[sym] = h;
    this.fills++;
    this.lots += BigInt(qty);
    this.notional += BigInt(price) * BigInt(qty);
    if (this.onFill) this.onFill(sym, maker, taker, price, qty);
  }
  rest(o) {
    const s = this.books[o.sym].side[o.side];
    let q = s.levels.get(o.price);
    if (!q) {
      q = [];
      s.levels.set(o.price, q);
      s.prices.splice(levelPos(s, o.price), 0, o.price);
    }
    q.push(o);
    s.n++;
    this.orders.set(o.id, o);
  }
  unrest(o) {
    const s = this.books[o.sym].side[o.side],
      q = s.levels.get(o.price);
    q.splice(q.indexOf(o), 1);
    s.n--;
    this.orders.delete(o.id);
    if (!q.length) {
      s.levels.delete(o.price);
      s.prices.splice(levelPos(s, o.price), 1);
    }
    if (this.removed) this.removed(o);
  }
  /** Returns the resting order, or null when nothing rests. */
  newOrder(sym, side, type, id, account, price, qty) {
    const limit = type === TYPE.MARKET ? Infinity : price;
    if (type === TYPE.POST) {
      const b = this.best(sym, 1 - side);
      if (b >= 0 && this.crosses(side, price, b)) {
        this.rejects++;
        return null;
      }
    }
    if (type === TYPE.FOK && this.available(sym, side, limit, qty) < qty) {
      this.rejects++;
      return null;
    }
    const left = this.match(sym, side, limit, qty, id);
    if (left > 0 && (type === TYPE.LIMIT || type === TYPE.POST)) {
      const o = { sym, side, id, account, price, qty: left, pos: -1 };
      this.rest(o);
      return o;
    }
    return null;
  }
  cancel(id) {
    const o = this.orders.get(id);
    if (!o) {
      this.rejects++;
      return;
    }
    this.unrest(o);
  }
  replace(id, price, qty) {
    const o = this.orders.get(id);
    if (!o) {
      this.rejects++;
      return null;
    }
    if (price === o.price && qty <= o.qty) {
      o.qty = qty;
      return o;
    }
    this.unrest(o);
    return this.newOrder(o.sym, o.side, TYPE.LIMIT, id, o.account, price, qty);
  }
  checksum() {
    let h = 0;
    for (const x of this.h) h = fold(h, x);
    return h >>> 0;
  }
  resting() {
    return this.books.reduce((a, b) => a + b.side[0].n + b.side[1].n, 0);
  }
  levels() {
    return this.books.reduce((a, b) => a + b.side[0].prices.length + b.side[1].prices.length, 0);
  }
}
