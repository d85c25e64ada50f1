/**
 * What the engine asks of V8: to inline more than it does by itself. A command passes through some twenty small functions, named after what
 * they do; with these, each kind of command becomes one piece of machine code, which takes 40 % fewer instructions (`npm run bench:matching`).
 * A process that hosts an engine gives them to `v8.setFlagsFromString` before it loads this library, or to node on its command line.
 */
export const COMPILER_FLAGS = [
  '--max-inlined-bytecode-size-cumulative=4000',
  '--max-inlined-bytecode-size=1000',
  '--reserve-inline-budget-scale-factor=3',
] as const;
