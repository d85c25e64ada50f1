/**
 * What the engine asks of V8: to inline whatever a command passes through. That is some twenty small functions, named after what they do;
 * with these flags each kind of command becomes one piece of machine code, whose calls, tests of arguments and repeated loads are gone
 * (`npm run bench:matching`). V8's own limits suit a page that must start quickly; an engine is compiled once and then runs for months.
 * A process that hosts an engine gives them to `v8.setFlagsFromString` before anything is hot, or to node on its command line.
 */
export const COMPILER_FLAGS = [
  '--max-inlined-bytecode-size=2000',
  '--max-inlined-bytecode-size-cumulative=16000',
  '--max-inlined-bytecode-size-absolute=20000',
  '--reserve-inline-budget-scale-factor=3',
  '--min-inlining-frequency=0.01',
] as const;
