/** One call as its client saw it. The two moments come from one counter that all clients share, so they tell what came before what. */
export interface Call<Op, Answer> {
  readonly op: Op;
  readonly invoked: number;
  /** Without it the client never heard: the call may have taken effect at any moment since it was made, or never. */
  readonly returned?: { readonly at: number; readonly answer: Answer };
  /** What is known of a call without answer, should it have taken effect. */
  readonly hint?: Answer;
}

/** What one client after the other would see. */
export interface SequentialModel<State, Op, Answer> {
  readonly initial: State;
  /**
   * The state after `op`; undefined where it would not have answered so. Without an answer: the state after `op` if it took effect, or
   * undefined where it could have had none.
   */
  step(state: State, op: Op, answer: Answer | undefined): State | undefined;
  /** The same for equal states and for no others. */
  key(state: State): string;
}

export type Verdict<Op, Answer> =
  | { readonly isLinearizable: true; readonly order: readonly Call<Op, Answer>[] }
  | {
      readonly isLinearizable: false;
      /** The longest order found of what can be explained, and the calls of which none could come next. */
      readonly explained: readonly Call<Op, Answer>[];
      readonly stuckAt: readonly Call<Op, Answer>[];
    };

export interface SearchOptions {
  /** Calls tried at most; a history that needs more is given up with an Error, never called sound. */
  readonly budget?: number;
}

/**
 * Whether the calls can be put in one order in which each answers as the model does, and in which a call that returned before another was
 * made comes before it: linearizability (Herlihy and Wing, 1990). The search is that of Wing and Gong (1993) with Lowe's memory of the
 * configurations seen (2017), as in Porcupine; a call without answer may be left out.
 *
 * It asks the whole history at once. Locality (checking object by object) would be wrong for calls that touch two objects: it misses a
 * transfer of which one side is seen before the other. What keeps it fast is that answers leave little choice: a call that changes nothing
 * is taken as soon as it fits, which never spoils a solution.
 * @throws Error when the budget is used up
 */
export function checkLinearizable<State, Op, Answer>(
  model: SequentialModel<State, Op, Answer>,
  history: readonly Call<Op, Answer>[],
  { budget = 5_000_000 }: SearchOptions = {},
): Verdict<Op, Answer> {
  const search = new Search(model, history);
  let left = budget;
  const path: Frame<State>[] = [search.frame(model.initial, undefined)];
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    if (search.isDone()) return { isLinearizable: true, order: search.orderOf(path) };
    const choice = top.choices[top.next++];
    if (choice === undefined) {
      search.undo(top.took);
      path.pop();
      continue;
    }
    if (left-- === 0) throw new Error(`neither linearizable nor not within ${budget} tries`);
    search.take(choice.call);
    if (search.isNew(choice.state)) path.push(search.frame(choice.state, choice.call));
    else search.undo(choice.call);
    search.remember(path);
  }
  return { isLinearizable: false, ...search.furthest() };
}

interface Choice<State> {
  readonly call: number;
  readonly state: State;
}

interface Frame<State> {
  readonly took: number | undefined;
  readonly choices: readonly Choice<State>[];
  next: number;
}

/** The calls by number: those with an answer first, in the order they were made, then those without. */
class Search<State, Op, Answer> {
  readonly #model: SequentialModel<State, Op, Answer>;
  readonly #calls: readonly Call<Op, Answer>[];
  readonly #answered: number;
  readonly #isTaken: boolean[];
  readonly #seen = new Set<string>();
  /** Every answered call before it is taken. */
  #first = 0;
  #taken = 0;
  #best: { explained: readonly Call<Op, Answer>[]; stuckAt: readonly Call<Op, Answer>[] } = { explained: [], stuckAt: [] }; // prettier-ignore

  constructor(model: SequentialModel<State, Op, Answer>, history: readonly Call<Op, Answer>[]) {
    this.#model = model;
    const inOrder = [...history].sort((one, other) => one.invoked - other.invoked);
    const answered = inOrder.filter(({ returned }) => returned !== undefined);
    this.#calls = [...answered, ...inOrder.filter(({ returned }) => returned === undefined)];
    this.#answered = answered.length;
    this.#isTaken = this.#calls.map(() => false);
  }

  isDone(): boolean {
    return this.#first === this.#answered;
  }

  take(call: number): void {
    this.#isTaken[call] = true;
    this.#taken += 1;
    while (this.#first < this.#answered && this.#isTaken[this.#first]) this.#first += 1;
  }

  undo(call: number | undefined): void {
    if (call === undefined) return;
    this.#isTaken[call] = false;
    this.#taken -= 1;
    if (call < this.#first) this.#first = call;
  }

  /** Whether these calls were never taken before with this outcome; from then on they were. */
  isNew(state: State): boolean {
    const beyond: number[] = [];
    for (let call = this.#first; call < this.#calls.length; call += 1) if (this.#isTaken[call]) beyond.push(call);
    const key = `${this.#first}|${beyond.join()}|${this.#model.key(state)}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }

  /** What may come next: calls made before the first of the rest had returned. */
  frame(state: State, took: number | undefined): Frame<State> {
    const here = this.#model.key(state);
    const moves: Choice<State>[] = [];
    for (const call of this.#candidates()) {
      const { op, returned, hint } = this.#calls[call] as Call<Op, Answer>;
      const next = this.#model.step(state, op, returned?.answer ?? hint);
      if (next === undefined) continue;
      const changesNothing = this.#model.key(next) === here;
      // What changes nothing may as well come now: whatever order exists, it can be moved here. Without an answer it may as well not be.
      if (changesNothing && returned !== undefined) return { took, choices: [{ call, state: next }], next: 0 };
      if (!changesNothing) moves.push({ call, state: next });
    }
    return { took, choices: moves, next: 0 };
  }

  /** Answered ones first: one without an answer is brought in only to explain what nothing else does. */
  #candidates(): number[] {
    const found: number[] = [];
    let firstReturn = Infinity;
    for (let call = this.#first; call < this.#answered; call += 1) {
      const { invoked, returned } = this.#calls[call] as Call<Op, Answer>;
      if (invoked > firstReturn) break;
      if (this.#isTaken[call]) continue;
      found.push(call);
      firstReturn = Math.min(firstReturn, returned?.at ?? Infinity);
    }
    for (let call = this.#answered; call < this.#calls.length; call += 1) {
      const { invoked } = this.#calls[call] as Call<Op, Answer>;
      if (!this.#isTaken[call] && invoked < firstReturn) found.push(call);
    }
    return found;
  }

  remember(path: readonly Frame<State>[]): void {
    if (this.#taken !== path.length - 1 || this.#taken <= this.#best.explained.length) return;
    this.#best = { explained: this.orderOf(path), stuckAt: this.#candidates().map((call) => this.#call(call)) };
  }

  furthest(): { explained: readonly Call<Op, Answer>[]; stuckAt: readonly Call<Op, Answer>[] } {
    return this.#best.explained.length > 0
      ? this.#best
      : { explained: [], stuckAt: this.#candidates().map((call) => this.#call(call)) };
  }

  orderOf(path: readonly Frame<State>[]): Call<Op, Answer>[] {
    return path.flatMap(({ took }) => (took === undefined ? [] : [this.#call(took)]));
  }

  #call(call: number): Call<Op, Answer> {
    return this.#calls[call] as Call<Op, Answer>;
  }
}
