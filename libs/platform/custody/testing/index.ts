export { CustodyBench, type BenchOptions } from './custody-bench.js';
