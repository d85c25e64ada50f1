/** A state machine as data: `table[from][event]` is the state that follows; what is not in it is not possible. */
export type TransitionTable<State extends string, Event extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Event, State>>>>
>;

export const follow = <State extends string, Event extends string>(
  table: TransitionTable<State, Event>,
  from: State,
  event: Event,
): State | undefined => table[from][event];

export const isFinal = <State extends string, Event extends string>(
  table: TransitionTable<State, Event>,
  state: State,
): boolean => Object.keys(table[state]).length === 0;
